"""The weaknesses of the Instance Manager, as its review numbers them, and what shows each absent here.

A proof is a test, by its node id, as in `tests.e2e.older_weaknesses.items`.
"""

from __future__ import annotations

from tests.e2e.older_weaknesses.items import Item

HERE = "tests/e2e/manager_weaknesses"
_SECURITY = f"{HERE}/test_security.py"
_RESULTS = f"{HERE}/test_wrong_results.py"
_API = "tests/contract/api_v1"
_RECORDED = f"{_API}/test_recorded_exchanges.py::test_the_gateway_answers_as_recorded"
_WEBHOOKS = f"{_API}/test_webhooks.py"
_MATRIX = "tests/security/test_matrix.py::test_everybody_gets_what_the_table_says"
_LISTED = "tests/security/test_matrix.py::test_every_operation_is_in_the_table_and_every_route_is_in_the_document"
_LINKED = f"{_API}/test_over_whatsapp.py::test_programs_are_answered_as_they_know_it_over_a_linked_phone"
_CANARY = "tests/security/test_canary.py::test_no_secret_gets_out"
_SURFACES = "tests/integration/surfaces"
_KEYS = f"{_SURFACES}/test_api_v1_credentials.py"
_RESOURCES = f"{_SURFACES}/test_api_v1_resources.py"
_INBOUND = f"{_SURFACES}/test_api_v1_inbound.py"
_STORED = "tests/integration/test_stored_messages.py"
_VIEWS = "tests/integration/storage/test_views.py"
_MIGRATE = "tests/integration/storage/test_migrate.py"
_HOOK_MODE = "tests/integration/providers/telegram/test_webhook_mode.py"
_DOCUMENTS = "tests/e2e/instance_manager"

ITEMS: dict[str, Item] = {
    # ---- security
    "W1": Item(
        "Whoever manages instances is known, and no list shows a token",
        (
            f"{_KEYS}::test_a_manager_is_closed_by_default",
            f"{_KEYS}::test_an_open_manager_lets_programs_in_and_no_pages",
            _MATRIX,
            f"{_SECURITY}::test_no_answer_about_an_instance_shows_its_token",
        ),
    ),
    "W2": Item(
        "Only a key of an instance opens it",
        (
            f"{_SECURITY}::test_a_bearer_that_is_no_key_opens_nothing",
            f"{_KEYS}::test_a_key_or_a_bot_token_selects_its_instance_and_a_person_names_one",
            _MATRIX,
        ),
    ),
    "W3": Item(
        "A key need not be an id, can be replaced, and is in no log",
        (
            f"{_KEYS}::test_a_secret_key_is_shown_once_and_its_history_is_masked",
            f"{_KEYS}::test_a_bot_token_is_a_key_only_where_it_is_said_to_be_and_only_as_long_as_it_is_the_bots",
            _CANARY,
        ),
    ),
    "W4": Item(
        "Nothing that is shipped or documented holds a credential of anybody",
        (
            f"{_SECURITY}::test_no_file_holds_a_token_or_the_password_of_a_database",
            "tests/e2e/older_weaknesses/test_security.py::test_what_is_shipped_holds_no_secret_to_start_with",
        ),
    ),
    "W5": Item(
        "A URL of a caller leads nowhere inside, and never to a file of the server",
        (
            "tests/security/test_input.py::test_no_url_of_a_caller_leads_inside_unless_the_operator_says_so",
            f"{_SECURITY}::test_a_webhook_leads_nowhere_inside",
            _LINKED,
        ),
        later="Agents, whose URL will pass the same guard.",
    ),
    "W6": Item(
        "What is public is listed, and nothing is public by the look of its path",
        (
            _MATRIX,
            "tests/security/test_matrix.py::test_every_operation_is_in_the_table_and_every_route_is_in_the_document",
        ),
    ),
    "W7": Item(
        "A network proves itself before its news is believed",
        (
            f"{_HOOK_MODE}::test_a_post_without_the_secret_is_refused",
            f"{_INBOUND}::test_what_telegram_posts_is_committed_when_it_is_answered",
            f"{_INBOUND}::test_slack_gets_its_challenge_back_and_nobody_else_does",
            "tests/unit/services/test_hook_proofs.py::test_only_the_configured_token_verifies",
        ),
    ),
    "W8": Item(
        "No route for agents is open to whoever comes",
        (_LISTED,),
        later="The MCP surface, with a session and a key of its own for each client.",
    ),
    "W9": Item(
        "It runs with no more rights than it needs, verifies TLS, and tells nothing of its inside",
        (
            f"{_SECURITY}::test_the_container_has_no_rights_and_no_docker",
            f"{_SECURITY}::test_no_connection_goes_without_its_certificate_verified",
            f"{_SECURITY}::test_a_refusal_tells_no_trace_of_the_program",
            "tests/integration/kit/test_egress_tls.py",
            _MATRIX,
        ),
    ),
    # ---- broken behaviour
    "W10": Item(
        "The multi-provider routes are there, and an instance made on them is one like any other",
        (
            _RECORDED,
            "tests/unit/providers/test_unspoken.py::test_what_a_network_asks_for_is_required_in_either_spelling",
            f"{_DOCUMENTS}/test_documents.py::test_the_tests_of_several_networks",
            "tests/integration/client/test_instance_client.py::test_the_same_instances_are_there_by_network_and_id",
        ),
    ),
    "W11": Item(
        "A plain text is sent without saying that it is one",
        (
            "tests/unit/surfaces/api_v1/test_sending_bodies.py::test_it_is_a_text_unless_there_is_a_source_or_another_type",
            _LINKED,
        ),
        later="The MCP surface, whose tools call no URL of their own.",
    ),
    "W12": Item(
        "What runs is said to run, and nothing else",
        (f"{_RESULTS}::test_an_instance_whose_session_ended_does_not_count_as_running", _RECORDED),
    ),
    "W13": Item(
        "Looking changes nothing",
        (f"{_RESULTS}::test_asking_for_the_status_changes_nothing",),
    ),
    "W14": Item(
        "The memory of an instance knows whose it is, counts what happens, and outlives the process",
        (
            f"{_RESULTS}::test_the_memory_knows_whose_it_is_and_counts_what_happens",
            "tests/e2e/whatsapp/test_instance_manager.py::test_a_phone_is_linked_and_what_happened_outlives_the_process",
            _RECORDED,
        ),
    ),
    "W15": Item(
        "A moment is a moment on every network: what is fresh is kept and counted",
        (
            f"{_STORED}::test_cleaning_up_takes_what_is_old_and_nothing_that_is_fresh",
            f"{_STORED}::test_a_message_counts_from_the_first_millisecond_of_its_day_week_and_month",
            "tests/integration/services/test_instance_manager.py::test_everything_is_here_under_the_ids_and_dates_of_old",
        ),
    ),
    "W16": Item(
        "Messages of different chats never overwrite each other",
        (f"{_STORED}::test_messages_of_different_chats_with_the_same_id_are_different_messages",),
    ),
    "W17": Item(
        "No request costs a connection to the database",
        (f"{_RESULTS}::test_calls_cost_no_connections",),
    ),
    "W18": Item(
        "Every field of a webhook holds, for every network, at once, and what fails is tried again",
        (
            f"{_WEBHOOKS}::test_one_that_is_switched_off_is_told_nothing_until_it_is_on_again",
            f"{_WEBHOOKS}::test_a_token_and_custom_headers_go_along",
            f"{_WEBHOOKS}::test_an_edit_holds_for_the_very_next_message_and_keeps_what_it_does_not_name",
            f"{_WEBHOOKS}::test_groups_may_be_left_out_of_the_webhook_and_are_stored_all_the_same",
            f"{_WEBHOOKS}::test_only_numbers_that_are_allowed_are_told_with_a_plus_or_without",
            "tests/e2e/whatsapp/test_instance_manager_webhooks.py::test_the_oldest_shape_and_its_filters_hold_for_a_phone",
            "tests/e2e/test_faults.py::test_an_endpoint_that_refuses_is_tried_again_with_the_same_id_and_bytes",
            "tests/e2e/test_faults.py::test_an_endpoint_that_hangs_does_not_slow_the_others",
        ),
    ),
    "W19": Item(
        "A caller's mistake is never a 500",
        (
            f"{_RESULTS}::test_no_body_however_odd_is_our_fault",
            f"{_SURFACES}/test_api_v1_limits.py::test_a_body_over_a_megabyte_is_refused",
            "tests/security/test_input.py::test_a_broken_body_is_refused",
            "tests/security/test_input.py::test_an_id_that_cannot_be_is_simply_not_there",
            _RECORDED,
        ),
    ),
    "W20": Item(
        "The shipped client works",
        (
            f"{_DOCUMENTS}/test_client.py::test_the_printed_example",
            f"{_DOCUMENTS}/test_client.py::test_it_finds_out_whether_the_gateway_is_there",
            _RECORDED,
        ),
    ),
    "W21": Item(
        "What is deleted is gone with everything below it, and tables are made by one process before anybody uses them",
        (
            f"{_MIGRATE}::test_deleting_an_instance_takes_everything_below_it",
            f"{_RESULTS}::test_a_deleted_instance_leaves_no_session_behind",
            "tests/integration/test_deletion.py::test_a_removal_that_meets_another_change_is_repeated",
            "tests/integration/storage/test_process_lock.py::test_a_second_process_is_refused_until_the_first_lets_go",
        ),
    ),
    "W21b": Item(
        "SIGTERM ends it, with every network's sessions",
        (
            "tests/e2e/test_faults.py::test_sigterm_finishes_what_is_in_flight_and_leaves_the_rest_for_the_next_start",
            "tests/e2e/test_faults.py::test_sigterm_does_not_wait_for_an_endpoint_that_never_answers",
            "tests/e2e/whatsapp/test_instance_manager.py::test_a_phone_is_linked_and_what_happened_outlives_the_process",
        ),
    ),
    "W22": Item(
        "What is measured is what happens, and what is cleared is what is used",
        (
            f"{_RESOURCES}::test_making_and_processing_instances_is_what_performance_measures",
            f"{_RESOURCES}::test_clearing_a_cache_empties_that_one_and_what_was_in_it_is_read_again",
            "tests/unit/services/test_performance.py::test_work_is_timed_and_failures_are_failures_however_quick",
            f"{_RESULTS}::test_one_that_is_not_there_moves_nobody_elses_place_in_a_batch",
            _RECORDED,
        ),
    ),
    "W23": Item(
        "Nobody is ready before the network said so",
        (f"{_RESULTS}::test_a_bot_is_ready_only_once_telegram_knows_it",),
        later="Agents, which leave groups and broadcasts alone unless told otherwise.",
    ),
    "W24": Item(
        "Migrations run from the beginning to the end, keep every row, and can be taken back",
        (
            f"{_MIGRATE}::test_an_empty_database_gets_every_table_column_and_index",
            f"{_MIGRATE}::test_a_database_of_the_first_version_keeps_its_rows",
            f"{_VIEWS}::test_what_made_them_can_be_taken_back_and_done_again",
        ),
    ),
    "W25": Item(
        "There are tests, and what was printed as one is run",
        (
            f"{_DOCUMENTS}/test_documents.py",
            f"{_DOCUMENTS}/test_commands.py",
            f"{HERE}/test_items.py::test_every_weakness_has_its_promise_and_its_proofs",
        ),
    ),
}
