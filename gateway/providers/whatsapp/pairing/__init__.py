"""Linking a device, in a process of its own.

A connection of neonize that shows a QR code cannot be stopped: its thread stays in Go for ever, with three descriptors,
for every pairing that somebody walks away from. So codes are shown by a child process, which is thrown away once its
pairings are over. The keys it makes are in the device store; the gateway opens that file when the child has closed it.
"""
