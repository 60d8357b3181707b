"""The weaknesses of the WhatsApp Multi-Instance API, as its review numbers them, and what shows each absent here.

A proof is a test, by its node id. Most are elsewhere, beside what they are about; those that were nowhere are in this
folder, and their first line says the number.
"""

from __future__ import annotations

from msgspec import Struct

HERE = "tests/e2e/older_weaknesses"
_API = "tests/contract/api"
_SURFACES = "tests/integration/surfaces"
_WEBHOOKS = "tests/integration/webhooks"
_DELIVERING = f"{_WEBHOOKS}/test_delivering.py"
_WAITING = f"{_SURFACES}/test_waiting_for_a_qr_code.py"
_RULES = f"{_API}/test_common_rules.py"
_WHATSAPP = "tests/e2e/whatsapp"
_RECORDED = f"{_API}/test_recorded_exchanges.py::test_the_gateway_answers_as_recorded"
_RESTART = "tests/e2e/test_a_day.py::test_a_restart_brings_sessions_back_without_losing_or_doubling_anything"
_LINKED = f"{_API}/test_over_whatsapp.py::test_clients_are_answered_as_they_know_it_over_a_linked_phone"


class Item(Struct, frozen=True):
    """One weakness, turned into what is promised instead."""

    promise: str
    proofs: tuple[str, ...]
    later: str = ""
    """What cannot be shown before something else is there."""


_PAGES = "The pages come later; what they will be given is looked at now."

ITEMS: dict[int, Item] = {
    # ---- security
    1: Item(
        "Nobody reads, changes, deletes or sends from what is another tenant's",
        (
            "tests/security/test_matrix.py::test_everybody_gets_what_the_table_says",
            "tests/security/test_matrix.py::test_filters_and_references_do_not_reach_into_another_tenant",
            f"{_RULES}::test_every_credential_opens_what_is_its_owners_and_an_admins_opens_all",
            _LINKED,
        ),
    ),
    2: Item(
        "Showing and switching the database needs an administrator",
        (
            "tests/e2e/test_switching.py",
            f"{HERE}/test_security.py::test_strangers_and_failing_starts_do_not_end_the_process",
        ),
    ),
    3: Item(
        "No request ends the process, whatever fails behind it",
        (
            f"{HERE}/test_security.py::test_strangers_and_failing_starts_do_not_end_the_process",
            "tests/unit/sessions/test_registry.py::test_a_bug_in_one_session_is_told_and_never_reaches_another",
            "tests/e2e/test_faults.py::test_a_bot_with_a_revoked_token_ends_in_error_and_hurts_no_other",
            "tests/e2e/test_switching.py",
        ),
    ),
    4: Item(
        "What strangers write is never served as something that a browser runs",
        (
            f"{HERE}/test_security.py::test_markup_of_strangers_is_served_as_json_or_as_a_download",
            "tests/security/test_headers.py::test_every_answer_is_protected",
        ),
        later=_PAGES,
    ),
    5: Item(
        "A QR code is drawn here and told to nobody",
        (
            f"{HERE}/test_security.py::test_a_qr_code_is_drawn_without_asking_anybody",
            f"{_WHATSAPP}/test_linking.py::test_a_qr_code_is_shown_in_every_form_and_only_who_saw_it_can_link",
            "tests/security/test_headers.py::test_the_documentation_loads_nothing_from_another_host",
        ),
        later=_PAGES,
    ),
    6: Item(
        "No secret is in an answer, a log or a webhook",
        ("tests/security/test_canary.py::test_no_secret_gets_out", _LINKED),
    ),
    7: Item(
        "There are no default secrets, and every credential can be ended",
        (
            f"{HERE}/test_security.py::test_production_does_not_start_with_secrets_that_everybody_knows",
            f"{HERE}/test_security.py::test_what_is_shipped_holds_no_secret_to_start_with",
            "tests/e2e/test_a_day.py::test_the_first_administrators_credentials_are_printed_once_and_work",
            "tests/e2e/test_a_day.py::test_a_disabled_user_is_shut_out_while_the_gateway_runs",
            "tests/integration/services/test_tenants.py::test_rotating_the_primary_key_ends_the_old_one_at_once",
            "tests/integration/services/test_tenants.py::test_the_key_itself_is_nowhere_in_the_database",
            "tests/integration/services/test_auth.py::test_logout_ends_one_token_and_leaves_the_other",
        ),
    ),
    8: Item(
        "A URL of a caller leads nowhere inside, and is read within bounds of size and time",
        (
            "tests/security/test_input.py::test_no_url_of_a_caller_leads_inside_unless_the_operator_says_so",
            "tests/integration/kit/test_egress_guard.py::test_a_host_vetted_at_registration_is_checked_again_when_it_is_used",
            "tests/integration/kit/test_egress_fetch.py::test_a_file_over_the_limit_is_refused_whether_or_not_it_says_so",
            "tests/integration/kit/test_egress_fetch.py::test_a_drip_feed_hits_the_total_timeout",
            f"{HERE}/test_security.py::test_a_file_behind_a_url_needs_no_content_type_and_has_a_limit",
        ),
    ),
    9: Item(
        "Logins, requests and uploads have limits, origins are listed, and no upload stays behind",
        (
            f"{HERE}/test_security.py::test_guessing_a_password_is_slowed_down",
            f"{HERE}/test_security.py::test_no_upload_stays_behind",
            f"{_SURFACES}/test_api_auth.py::test_a_fast_caller_is_429",
            f"{_RULES}::test_only_listed_origins_may_read_from_a_browser",
            f"{_RULES}::test_an_upload_over_the_limit_is_413",
        ),
    ),
    10: Item(
        "No custom header replaces the signature, and a replay can be told",
        (
            f"{_API}/test_webhooks.py::test_own_headers_go_along_under_their_names_and_never_in_place_of_the_signature",
            f"{_WEBHOOKS}/test_delivering.py::test_what_is_owed_arrives_signed_and_as_it_was_frozen",
            "tests/e2e/test_signature_guide.py::test_the_guides_code_tells_real_deliveries_from_forged_ones",
        ),
    ),
    11: Item(
        "There is no database among the files of the project",
        (
            f"{HERE}/test_security.py::test_no_file_of_the_project_is_a_database",
            f"{HERE}/test_security.py::test_what_a_running_gateway_keeps_is_ignored_by_version_control",
        ),
    ),
    # ---- data loss
    12: Item(
        "A start leaves the database file where and as it is",
        (_RESTART,),
    ),
    13: Item(
        "Only a logout unlinks a phone: no stop, reconnect, repair or slow start does",
        (
            _LINKED,
            f"{_WHATSAPP}/test_trouble.py::test_a_restart_needs_no_new_code_and_goes_on_in_the_same_conversations",
            f"{_WHATSAPP}/test_trouble.py::test_a_broken_connection_is_told_and_mended_and_nothing_is_lost_or_told_twice",
            f"{_WHATSAPP}/test_trouble.py::test_a_connection_that_stands_and_says_nothing_is_found_and_replaced",
        ),
    ),
    14: Item(
        "Sessions go on after a restart, on every database",
        (_RESTART,),
    ),
    15: Item(
        "What a webhook is owed survives restarts, reconnects and the instance's end",
        (
            "tests/e2e/test_kill.py::test_no_acknowledged_event_is_lost_and_a_kill_repeats_no_more_than_was_in_flight",
            "tests/e2e/test_faults.py::test_sigterm_finishes_what_is_in_flight_and_leaves_the_rest_for_the_next_start",
            f"{_WEBHOOKS}/test_dispatching.py::test_the_next_process_takes_over_what_a_dead_one_had_leased",
        ),
    ),
    16: Item(
        "An instance that was stopped for its limits is told to its webhook all the same",
        (f"{_API}/test_side_effects.py::test_who_did_more_than_they_may_is_stopped_told_and_let_in_again",),
    ),
    17: Item(
        "No count is lost between two saves, at a stop, or when a save fails",
        (
            _RESTART,
            f"{HERE}/test_data_loss.py::test_calls_during_a_save_and_a_save_that_fails_lose_no_count",
        ),
    ),
    18: Item(
        "A device's keys are written whole or not at all",
        (
            f"{_WHATSAPP}/test_kill.py::test_a_kill_in_a_steady_flow_loses_what_was_in_hand_at_most",
            f"{_WHATSAPP}/test_kill.py::test_a_kill_in_a_burst_loses_no_more_than_the_library_s_channel",
        ),
    ),
    19: Item(
        "A switch of databases takes everything along",
        (
            "tests/e2e/test_switching.py",
            "tests/e2e/test_db_command.py::test_a_copy_is_served_with_the_same_keys_instances_and_messages",
        ),
    ),
    # ---- wrong results
    20: Item(
        "Limits and the other jobs do their work",
        (
            f"{_API}/test_side_effects.py::test_who_did_more_than_they_may_is_stopped_told_and_let_in_again",
            f"{_SURFACES}/test_api_usage_limits.py::test_a_send_over_the_limit_is_refused_with_when_it_frees_and_told_once",
            f"{_SURFACES}/test_api_jobs.py::test_jobs_are_listed_run_and_counted",
        ),
    ),
    21: Item(
        "Every credential works on every database",
        (
            f"{_RULES}::test_every_credential_opens_what_is_its_owners_and_an_admins_opens_all",
            _RECORDED,
            _LINKED,
        ),
    ),
    22: Item(
        "Custom headers and the search of contacts are the same on every database",
        (
            f"{_API}/test_webhooks.py::test_own_headers_go_along_under_their_names_and_never_in_place_of_the_signature",
            f"{_SURFACES}/test_api_contacts.py::test_a_search_knows_letters_of_every_alphabet_and_takes_no_wildcards",
        ),
    ),
    23: Item(
        "A file is counted once, arrives under its own name, and no path of the server is told",
        (
            f"{_API}/test_side_effects.py::test_everything_sent_is_stored_counted_and_told_once",
            "tests/security/test_input.py::test_a_file_name_reaches_the_person_without_folders_and_control_characters",
        ),
    ),
    24: Item(
        "A group stays a group",
        (
            "tests/unit/providers/whatsapp/test_jids.py::test_a_group_id_with_a_persons_server_never_becomes_a_person",
            f"{_WHATSAPP}/test_groups.py::test_a_group_is_talked_in_and_its_changes_are_told",
            f"{_SURFACES}/test_api_contacts.py::test_groups_keep_being_groups",
        ),
    ),
    25: Item(
        "Received files can be read, and contacts and groups are listed",
        (
            f"{_WHATSAPP}/test_talking.py::test_files_travel_both_ways_byte_for_byte",
            f"{_WHATSAPP}/test_people.py::test_an_import_keeps_people_and_groups_and_an_addition_asks_the_network_first",
            "tests/e2e/test_a_day.py::test_a_persons_photo_is_downloaded_by_an_authenticated_route_only",
        ),
    ),
    26: Item(
        "What can be set or counted has an effect",
        (
            f"{_SURFACES}/test_api_usage_limits.py::test_files_count_by_number_and_by_size",
            f"{_SURFACES}/test_api_jobs.py::test_the_authorization_check_notes_what_a_network_refuses",
            f"{_API}/test_webhooks.py::test_each_flag_holds_back_its_own_events_and_no_others",
            "tests/unit/webhooks/test_filters.py::test_read_has_a_flag_of_its_own_and_delivery_is_all_other_statuses",
            "tests/e2e/test_a_day.py::test_a_disabled_user_is_shut_out_while_the_gateway_runs",
            f"{_SURFACES}/test_ops.py::test_a_scrape_is_well_formed_and_every_series_has_one_family",
        ),
    ),
    27: Item(
        "Adding a contact writes to nobody, and what is said on the phone is stored",
        (
            f"{_SURFACES}/test_api_contacts.py::test_adding_somebody_writes_to_nobody_unless_a_greeting_says_what",
            f"{_WHATSAPP}/test_talking.py::test_what_the_own_phone_says_is_told_once_as_sent",
        ),
    ),
    28: Item(
        "What comes twice or at the same time is there once",
        (
            f"{HERE}/test_wrong_results.py::test_what_is_asked_for_at_the_same_time_is_made_once",
            f"{HERE}/test_wrong_results.py::test_an_instance_that_is_started_many_times_at_once_has_one_session",
            "tests/integration/test_inbox.py::test_a_redelivered_message_stops_quietly",
            "tests/integration/test_inbox.py::test_a_message_redelivered_in_the_same_breath_stops_too",
            "tests/e2e/test_a_day.py::test_a_repeated_send_is_answered_and_not_repeated",
        ),
    ),
    29: Item(
        "A webhook waits for no other, every try is listed, and waits are as stated",
        (
            "tests/e2e/test_faults.py::test_an_endpoint_that_hangs_does_not_slow_the_others",
            f"{_API}/test_webhooks.py::test_a_failed_delivery_is_tried_again_alike_and_each_try_is_listed",
            f"{_WEBHOOKS}/test_dispatching.py::test_in_strict_order_a_head_blocks_its_conversation_and_no_other",
            f"{_DELIVERING}::test_a_refused_delivery_is_tried_again_with_the_same_id_and_bytes_and_a_new_time",
        ),
    ),
    30: Item(
        "A code is answered at once, and a caller's mistake is never a 500",
        (
            _RECORDED,
            f"{_WAITING}::test_while_a_session_opens_the_wait_ends_after_ten_seconds_and_blocks_nobody",
            "tests/security/test_input.py::test_a_value_that_cannot_be_is_refused_and_its_field_named",
            "tests/security/test_input.py::test_a_query_that_makes_no_sense_is_refused",
            f"{_RULES}::test_every_answer_is_json_in_utf_8_and_a_refusal_says_why_and_nothing_else",
        ),
    ),
    31: Item(
        "Every module is used, and what the documentation tells to run is there",
        (
            f"{HERE}/test_wrong_results.py::test_no_module_is_without_use",
            "tests/e2e/test_readme.py::test_every_make_target_the_readme_names_exists",
        ),
    ),
}
