"""For Piccolo's command line (`piccolo migrations ...`): the database of the environment, as the gateway reads it."""

import os

from piccolo.conf.apps import AppRegistry

from gateway.settings import Settings
from gateway.storage.engine import make_engine

DB = make_engine(Settings.from_env(os.environ).database)
APP_REGISTRY = AppRegistry(apps=["gateway.storage.piccolo_app"])
