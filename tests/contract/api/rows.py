"""What the WhatsApp Multi-Instance API answers: every route of it, with the statuses its clients may meet there, and
what else it does, with the tests that ask running processes on both databases for it.

`{}` stands for an instance, `{c}` for a chat or a contact. 401, 403 and 404 of a route of one instance are not
repeated here: every such route is asked for them (`test_over_whatsapp.REFUSING`).
"""

from __future__ import annotations

ROUTES: dict[str, frozenset[int]] = {
    route: frozenset(statuses)
    for route, statuses in (
        # who is asking
        ("POST /api/auth/login", [200, 400, 401]),
        ("GET /api/auth/me", [200, 401]),
        # instances
        ("POST /api/instances", [201, 400, 401]),
        ("GET /api/instances", [200, 401]),
        ("GET /api/instances/{}", [200, 404]),
        ("PUT /api/instances/{}", [200, 400]),
        ("DELETE /api/instances/{}", [200, 404]),
        ("GET /api/instances/{}/status", [200]),
        ("POST /api/instances/{}/reconnect", [200]),
        ("POST /api/instances/{}/logout", [200]),
        ("GET /api/instances/{}/qr", [200, 404]),  # and 202: `test_qr_code.py`
        ("GET /api/instances/{}/activity", [200, 400]),
        ("GET /api/instances/{}/events", [200, 400]),
        ("GET /api/instances/{}/chats/{c}/messages", [200, 400]),
        ("POST /api/instances/{}/send", [200, 400, 500]),
        # contacts
        ("GET /api/instances/{}/contacts", [200]),
        ("GET /api/whatsapp/{}/contacts", [200, 500]),
        ("POST /api/instances/{}/contacts/add", [200, 400, 500]),
        ("GET /api/instances/{}/contacts/db", [200, 400]),
        ("GET /api/whatsapp/{}/contacts/db", [200]),
        ("POST /api/instances/{}/contacts/import", [200, 500]),
        ("POST /api/whatsapp/{}/contacts/import", [200, 500]),
        ("POST /api/instances/{}/contacts/save", [200, 400]),
        ("POST /api/whatsapp/{}/contacts/save", [200, 400]),
        ("POST /api/instances/{}/contacts/delete", [200, 400, 404]),
        ("DELETE /api/instances/{}/contacts/{c}", [200, 404]),
        # what is said
        ("GET /api/whatsapp/{}/status", [200]),
        ("GET /api/whatsapp/{}/qr", [200, 404]),
        ("POST /api/whatsapp/{}/send", [200, 400, 500]),
        ("POST /api/whatsapp/{}/send-media", [200, 400, 500]),
        ("POST /api/whatsapp/{}/send-file", [200, 400, 500]),
        ("GET /api/whatsapp/{}/events", [200]),
        ("POST /api/whatsapp/{}/logout", [200]),
        # the second implementation, which its readme and its container guide offer
        ("POST /api/whatsapp-simple/{}/init", [200]),
        ("GET /api/whatsapp-simple/{}/qr", [200, 404]),
        ("GET /api/whatsapp-simple/{}/status", [200]),
        ("POST /api/whatsapp-simple/{}/send", [200, 400]),
        ("POST /api/whatsapp-simple/{}/logout", [200]),
        # called by its pages or told in its documentation, and never there
        ("POST /api/instances/{}/send-file", [200]),
        ("GET /api/instances/{}/chats/{c}/history", [200]),
        ("POST /api/whatsapp/{}/contacts/add", [200]),
        ("GET /api/instances/{}/socket", [200]),
        ("GET /api/whatsapp/{}/socket", [200]),
        # statistics, health
        ("GET /api/stats/user", [200, 401]),
        ("GET /api/stats/instances/{}", [200, 404]),
        ("GET /api/stats/system", [200, 403]),
        ("GET /health", [200]),
        # the database; `tests/e2e/test_switching.py` does switch it, and meets 500
        ("GET /api/db/status", [200, 401, 403]),
        ("POST /api/db/switch", [200, 400, 401, 403]),
    )
}

PERIODS = {
    "/api/stats/user": ("week", "month", "year", "all", None),
    "/api/stats/instances/{}": ("today", "week", "month", "all", None),
}
"""The periods of each statistic; None is the default."""

_API = "tests/contract/api"
_COMMON = f"{_API}/test_common_rules.py"
_WEBHOOKS = f"{_API}/test_webhooks.py"
_EFFECTS = f"{_API}/test_side_effects.py"
_LINKED = f"{_API}/test_over_whatsapp.py::test_clients_are_answered_as_they_know_it_over_a_linked_phone"
_RECORDED = f"{_API}/test_recorded_exchanges.py::test_the_gateway_answers_as_recorded"
_SURFACES = "tests/integration/surfaces"
_JOBS = f"{_SURFACES}/test_api_jobs.py"
_LIMITS = f"{_SURFACES}/test_api_usage_limits.py"
_ANSWERS = f"{_COMMON}::test_every_answer_is_json_in_utf_8_and_a_refusal_says_why_and_nothing_else"
_SIGNED = f"{_WEBHOOKS}::test_the_signature_is_over_the_bytes_that_came_whatever_letters_they_hold"
_FLAGS = f"{_WEBHOOKS}::test_each_flag_holds_back_its_own_events_and_no_others"
_HEADERS = f"{_WEBHOOKS}::test_own_headers_go_along_under_their_names_and_never_in_place_of_the_signature"
_LIFE = f"{_EFFECTS}::test_every_step_of_a_connection_is_a_line_in_the_activity_log"
_HOURLY = f"{_EFFECTS}::test_who_did_more_than_they_may_is_stopped_told_and_let_in_again"
_RESTART = "tests/e2e/test_a_day.py::test_a_restart_brings_sessions_back_without_losing_or_doubling_anything"

RULES: dict[str, tuple[str, ...]] = {
    # common rules
    "Content-Type with its charset; errors as {error}; 400 for malformed JSON and forms; 413; a JSON 404": (_ANSWERS,),
    "An upload over its limit is 413": (f"{_COMMON}::test_an_upload_over_the_limit_is_413",),
    "CORS_ORIGIN is honoured": (f"{_COMMON}::test_only_listed_origins_may_read_from_a_browser",),
    "Dates are ISO 8601 in UTC with milliseconds": (_RECORDED, _LINKED),
    "Bearer first, then x-api-key; the key of an owner or an administrator": (
        f"{_COMMON}::test_every_credential_opens_what_is_its_owners_and_an_admins_opens_all",
        _LINKED,
    ),
    "The login token: HS256, id, email, iat, exp; 24 h": (
        f"{_COMMON}::test_a_login_token_is_an_hs256_jwt_of_the_user_for_a_day",
    ),
    "Defaults of a create": (f"{_COMMON}::test_what_a_create_leaves_out_has_its_default",),
    "Absent is unchanged; an empty secret is unchanged": (
        f"{_COMMON}::test_what_a_change_leaves_out_stays_and_an_empty_secret_changes_nothing",
    ),
    "startDate and endDate are inclusive": (f"{_COMMON}::test_both_ends_of_a_span_of_time_are_in_it",),
    "What a send leaves behind": (f"{_EFFECTS}::test_everything_sent_is_stored_counted_and_told_once",),
    "apiCalls: routes with a key, and no others": (f"{_EFFECTS}::test_routes_for_people_are_no_api_calls",),
    "A delete takes everything below along": (f"{_EFFECTS}::test_a_deleted_instance_leaves_nothing_to_be_found",),
    "Showing and switching the database": ("tests/e2e/test_switching.py",),
    # webhooks
    "Body, timestamp, signature: hex HMAC-SHA256 of the raw body, letters as they are": (_SIGNED, _LINKED),
    "message_received": (f"{_WEBHOOKS}::test_a_received_message_is_told_as_documented", _LINKED),
    "message_sent": (f"{_WEBHOOKS}::test_a_sent_message_is_told_as_documented",),
    "message_status, in words; connection_opened; qr_received": (_LINKED,),
    "connection_closed": (f"{_WEBHOOKS}::test_a_stopped_connection_is_told_with_its_reason", _LINKED),
    "limit_exceeded": (_HOURLY,),
    "webhook_updated": (f"{_WEBHOOKS}::test_a_change_of_the_webhook_is_told_to_it", _LINKED),
    "notifyReceived, notifySent": (_FLAGS,),
    "notifyDelivery, notifyRead": (
        _LINKED,
        "tests/unit/webhooks/test_filters.py::test_read_has_a_flag_of_its_own_and_delivery_is_all_other_statuses",
    ),
    "Nothing without webhookUrl and webhookEnabled": (
        f"{_WEBHOOKS}::test_nothing_is_told_without_a_url_or_while_it_is_switched_off",
    ),
    "A secret of our own when none is given": (
        f"{_WEBHOOKS}::test_a_webhook_without_a_given_secret_is_signed_with_one_of_ours",
    ),
    "Custom headers": (_HEADERS,),
    "Retries: how many, alike, and each listed": (
        f"{_WEBHOOKS}::test_a_failed_delivery_is_tried_again_alike_and_each_try_is_listed",
    ),
    "What is owed outlives the process": (
        "tests/e2e/test_kill.py::test_no_acknowledged_event_is_lost_and_a_kill_repeats_no_more_than_was_in_flight",
    ),
    # jobs, limits, the life of a connection
    "Jobs by the names of their environment": (f"{_JOBS}::test_jobs_are_listed_run_and_counted",),
    "Socket check": (f"{_JOBS}::test_the_socket_check_opens_a_dead_connection_anew",),
    "Authorization check": (f"{_JOBS}::test_the_authorization_check_notes_what_a_network_refuses",),
    "Limits: at the moment of sending, by instance, user and default, files too": (
        f"{_LIMITS}::test_a_send_over_the_limit_is_refused_with_when_it_frees_and_told_once",
        f"{_LIMITS}::test_the_narrowest_limits_hold_an_instances_then_its_users_then_everybodys",
        f"{_LIMITS}::test_files_count_by_number_and_by_size",
    ),
    "Limits: every hour; status, activity and webhook": (_HOURLY,),
    "Counters, saved or not": (f"{_EFFECTS}::test_routes_for_people_are_no_api_calls", _RESTART),
    "Sessions are started again; those that were stopped are not": (_RESTART,),
    "The life of a connection and the actions it leaves in the activity log": (_LIFE, _LINKED),
    # two databases
    "The same keys, instances and messages on both": (
        _RECORDED,
        "tests/e2e/test_db_command.py::test_a_copy_is_served_with_the_same_keys_instances_and_messages",
        "tests/e2e/test_switching.py",
    ),
}
"""What is promised beyond single answers, and its proofs by node id."""
