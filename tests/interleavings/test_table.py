"""The design's rules: each with "else", "while", "after" or "between" in it, and the test that holds it."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent

SLEPT = "test_a_laptop_that_slept_between_the_intent_and_the_request_sends_nothing_until_it_has_looked_again"

TABLE: tuple[tuple[str, str], ...] = (
    # Exactly one lead per capture: cause and code
    ("the code is stored with the intent before it leaves", "interleavings/test_broken_ledger.py"),
    (
        "over MCP the same words are the same wish while the first is waiting",
        "interleavings/test_creates.py::test_the_same_wish_while_it_waits_is_kept_once",
    ),
    ("… or unsure", "interleavings/test_creates.py::test_the_same_wish_while_it_is_unsure_sends_nothing"),
    (
        "… or done less than 10 minutes ago",
        "interleavings/test_creates.py::test_the_same_words_are_meant_anew_after_ten_minutes",
    ),
    ("… and not undone", "interleavings/test_creates.py::test_words_of_what_was_undone_are_meant_anew"),
    (
        "a message is the same wish for ever",
        "interleavings/test_creates.py::test_the_same_message_is_the_same_lead_for_ever",
    ),
    (
        "every other write reads first and answers “already so”",
        "records/test_records.py::test_an_edit_that_changes_nothing_sends_nothing",
    ),
    # Locks
    (
        "waiting and unsure intents count as duplicates, and “go on” does not pass them",
        "interleavings/test_creates.py::test_who_creates_the_same_phone_while_it_is_unsure_hears_whose_it_is",
    ),
    (
        "… of what waits",
        "interleavings/test_creates_waiting.py::test_a_new_create_does_not_pass_one_that_waits_for_the_same_phone",
    ),
    (
        "two processes changing one customer take turns",
        "interleavings/test_creates_killed.py::test_two_processes_with_the_same_phone_make_one",
    ),
    (
        "the lease is checked by the wall clock right before each send: a laptop slept between intent and request",
        "interleavings/test_creates_clock.py::" + SLEPT,
    ),
    (
        "… while another process finished it",
        "interleavings/test_creates_clock.py::test_a_laptop_that_slept_while_another_process_finished_its_create_sends_nothing",
    ),
    (
        "the clock steps back",
        "interleavings/test_creates_clock.py::test_a_clock_that_is_set_back_holds_nothing_up_for_long",
    ),
    # Not acted
    (
        "no connection: wait in the ledger, tell the person, send later",
        "interleavings/test_creates_waiting.py::test_without_a_connection_it_is_kept_and_sent_once_later",
    ),
    ("429 likewise", "interleavings/test_creates_waiting.py::test_asked_to_slow_down_it_is_kept_and_sent_once_later"),
    ("oldest first", "interleavings/test_creates_waiting.py::test_what_waits_is_sent_oldest_first"),
    (
        "… also after a long outage",
        "interleavings/test_creates_waiting.py::test_what_has_waited_long_is_sent_oldest_first_too",
    ),
    (
        "one probe at a time",
        "interleavings/test_creates_waiting.py::test_while_antcrm_is_away_one_of_all_that_wait_is_tried_at_a_time",
    ),
    (
        "before a waiting lead leaves, duplicates are looked up again, and a hit becomes a card",
        "interleavings/test_creates_waiting.py::test_a_colleague_who_creates_the_same_phone_meanwhile_is_a_conflict_that_is_told",
    ),
    # Unsure
    (
        "after a pause, read first",
        "interleavings/test_creates.py::test_a_create_that_did_not_act_is_sent_once_more_after_the_pause_and_not_before",
    ),
    (
        "it acts late within the pause",
        "interleavings/test_creates.py::test_a_create_that_acts_late_within_the_pause_is_found",
    ),
    (
        "else among both kinds created since the day before, less the records other changes claim",
        "interleavings/test_creates.py::test_two_lost_leads_of_one_name_each_get_their_own",
    ),
    (
        "nothing: PUT only the name by the code; “met” needs an id that reads back",
        "interleavings/test_creates_met.py::test_one_that_did_not_act_is_made_once_whatever_an_unknown_code_gets",
    ),
    (
        "… it met the record",
        "interleavings/test_creates_met.py::test_one_that_look_ups_do_not_show_is_met_by_its_code_and_completed",
    ),
    (
        "still nothing: send once more, and later look for twins and tell the person",
        "interleavings/test_creates_met.py::test_one_that_acts_after_it_was_sent_again_is_told_as_a_twin",
    ),
    (
        "an unsure change keeps its customer locked, and whoever comes next is told why and since when",
        "records/test_lost_answers.py::test_what_is_not_known_yet_keeps_its_customer_from_everybody",
    ),
    (
        "an unsure DELETE is never re-sent: gone is done; there after two spaced reads is “not deleted, ask again”",
        "interleavings/test_undo.py::test_a_delete_that_undoes_is_never_sent_twice_and_may_be_asked_for_again",
    ),
    (
        "an unsure edit: as intended is done, as before is sent once more, anything else is a conflict",
        "interleavings/test_machine.py::test_a_planted_bug_is_found",
    ),
    # Saved means read back
    (
        "bulk rows are matched by phone and name, never by the order of ids",
        "records/test_bulk.py::test_every_row_gets_its_own_ref_whatever_the_order_of_ids",
    ),
    (
        "AntCRM acknowledged and did not store",
        "records/test_bulk.py::test_acknowledged_but_not_stored_is_looked_into_and_then_refused",
    ),
    # Imports
    (
        "more than 45 seconds over MCP: the same call picks it up",
        "mcp/test_mcp_ledger.py::test_an_import_that_takes_long_is_picked_up_by_the_same_call",
    ),
    (
        "after a kill it resumes by itself within an hour of the consent",
        "mcp/test_mcp_ledger.py::test_within_the_hour_the_next_process_goes_on_by_itself",
    ),
    ("… else asks: done 312 of 400, go on?", "mcp/test_mcp_ledger.py::test_after_the_hour_a_person_is_asked_again"),
    # Kills
    (
        "killed anywhere after the intent",
        "interleavings/test_creates_killed.py::test_killed_anywhere_after_the_intent_another_process_finishes_it",
    ),
    (
        "killed before the intent",
        "interleavings/test_creates_killed.py::test_killed_before_the_intent_nothing_is_held_for_longer_than_a_lease",
    ),
    (
        "the sleeper wakes after another has finished",
        "interleavings/test_creates_killed.py::test_one_that_wakes_up_after_another_has_finished_it_changes_nothing",
    ),
    # Tickets
    ("consumed in the ledger before the request leaves; of any number of takers one wins", "ledger/test_tickets.py"),
    (
        "a question of one process is answered to another, also after a kill",
        "mcp/test_mcp_processes.py::test_a_question_of_a_killed_process_is_answered_to_another",
    ),
    (
        "its outcome is handed out to whoever lost the answer",
        "mcp/test_mcp_processes.py::test_a_repeated_call_after_a_kill_gets_the_first_result",
    ),
    # Undo
    (
        "refuses where a field has moved on since and says which and to what",
        "interleavings/test_undo.py::test_what_moved_on_wholly_is_refused_with_what_it_is_now",
    ),
    (
        "restores every field it can",
        "interleavings/test_undo.py::test_what_moved_on_is_left_and_said_and_the_rest_is_taken_back",
    ),
    (
        "arrays: only the elements the change touched",
        "interleavings/test_undo.py::test_of_an_array_only_what_the_change_touched_goes_back",
    ),
    (
        "between the question and the yes",
        "interleavings/test_undo.py::test_what_moves_between_the_question_and_the_yes_is_not_touched",
    ),
    ("two undos at once", "interleavings/test_undo.py::test_of_two_undos_at_once_one_happens"),
    (
        "deleted customers are created again under a new id, and found under it",
        "interleavings/test_undo.py::test_an_edit_is_undone_at_the_number_the_customer_has_now",
    ),
    (
        "an import is undone as one",
        "interleavings/test_undo_of_imports.py::test_an_import_is_taken_back_but_for_what_a_colleague_changed_since",
    ),
    (
        "… after a kill in the middle",
        "interleavings/test_undo_of_imports.py::test_after_a_kill_in_the_middle_the_rest_is_taken_back_with_another_yes",
    ),
    # Caps
    (
        "in the same transaction as the intent",
        "interleavings/test_creates_caps.py::test_two_at_once_do_not_both_find_the_days_last_room",
    ),
    (
        "a capture over the cap is kept",
        "interleavings/test_creates_caps.py::test_over_the_days_writes_it_is_kept_and_sent_the_next_day",
    ),
    # The ledger itself
    ("if the intent cannot be written, the request does not leave", "interleavings/test_broken_ledger.py"),
    ("Postgres gone in the middle", "interleavings/test_postgres_gone.py"),
    ("two processes start at once", "ledger/test_migrations.py"),
)


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((TESTS / file).read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return frozenset(node.name for node in functions if node.name.startswith("test_"))


@pytest.mark.parametrize(("rule", "test"), TABLE, ids=[rule for rule, _ in TABLE])
def test_a_rule_has_its_test(rule: str, test: str) -> None:
    assert rule
    file, _, name = test.partition("::")
    found = names_in(file)
    assert name in found if name else found
