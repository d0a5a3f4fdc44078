//! The thirty questions that the article leaves open, each with a test that shows this store's answer where a user sees it:
//! over HTTP and on the wire. docs/policy.md names these tests, one for each.

mod clients;
mod texts;
mod times;
mod values;

/// Makes a test of each decision, and the table of them all.
macro_rules! decisions {
    ($($area:ident::$decision:ident,)+) => {
        $(#[test]
        fn $decision() {
            $area::$decision();
        })+

        /// A decision's name and its test.
        const DECISIONS: [(&str, fn()); 30] = [$((stringify!($decision), $area::$decision)),+];
    };
}

decisions! {
    texts::a01_only_a_semicolon_separates,
    texts::a02_case_is_ignored_character_by_character,
    texts::a03_a_path_is_reduced_to_its_last_part_on_both_sides,
    texts::a04_a_missing_extension_is_not_made_up,
    texts::a05_wildcards_are_characters_like_any_other,
    texts::a06_an_empty_list_is_off_and_blocks_nobody,
    values::a07_a_deleted_value_is_off_at_the_next_poll,
    values::a08_another_type_is_as_good_as_absent,
    values::a09_an_unreadable_value_keeps_the_last_good_list,
    values::a10_the_text_ends_with_the_first_nul_or_with_the_data,
    times::a11_the_first_read_comes_before_the_port_and_then_every_quarter_of_an_hour,
    times::a12_immediately_is_relative_to_the_poll,
    times::a13_no_restart_is_needed_unless_the_setting_asks_for_one,
    clients::a14_either_list_is_enough_each_for_itself,
    clients::a15_whoever_has_no_name_is_admitted_and_counted,
    clients::a16_a_renamed_program_is_another_program,
    clients::a17_a_late_name_is_decided_in_the_call_that_brings_it,
    clients::a18_any_name_is_enough_and_a_link_carries_nothing,
    clients::a19_a_refused_client_gets_4df_and_a_null_handle,
    clients::a20_disconnected_means_closed_after_what_is_in_flight,
    texts::a21_exchange_s_own_programs_are_honoured_with_an_error,
    texts::a22_outlook_is_honoured_with_a_warning,
    times::a23_only_another_set_is_a_change,
    times::a24_a_removed_name_concerns_new_connections_alone,
    times::a25_the_new_list_is_in_force_before_the_sweep,
    values::a26_a_list_above_a_mebibyte_is_as_good_as_absent,
    clients::a27_every_session_is_judged_whatever_opens_it,
    values::a28_a_misspelt_value_is_ignored_and_what_was_meant_is_said,
    texts::a29_what_is_listed_twice_is_listed_once,
    values::a30_a_failed_first_read_leaves_the_lists_off_until_the_next,
}

#[test]
fn the_thirty_are_there_in_order() {
    for (number, (name, _)) in (1..).zip(DECISIONS) {
        assert!(name.starts_with(&format!("a{number:02}_")), "{name}");
    }
}
