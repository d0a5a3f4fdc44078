//! The fifteen acceptance tests of the policy, as a user of a running store would make them.
//!
//! The control plane is driven by HTTP requests over a port. The clients are injected ones, over the pipe in one half of the
//! tests and over TCP in the other, and in both halves foreign ones: sockets of the test's own, whose bytes tell of 0x4DF, the
//! null handle and the FIN. S1 to S18 and A1 to A30 are the numbered statements and decisions of the policy specification.

mod builds;
mod clusters;
mod coverage;
pub(crate) mod http;
mod polls;
mod readings;
mod reg_files;
pub(crate) mod site;
mod snapshots;
mod texts;
mod whom;

use infostore::Transport;

/// Makes a test of each story over either transport, and a list of their names.
macro_rules! over_both_transports {
    ($($area:ident::$story:ident,)+) => {
        mod over_the_pipe {
            $(#[test]
            fn $story() {
                super::$area::$story(super::Transport::Pipe);
            })+
        }

        mod over_tcp {
            $(#[test]
            fn $story() {
                super::$area::$story(super::Transport::Tcp);
            })+
        }

        const STORIES: &[&str] = &[$(stringify!($story)),+];
    };
}

over_both_transports! {
    polls::t01_an_edit_takes_effect_at_the_next_poll,
    polls::t02_a_restart_after_an_edit_brings_it_before_the_first_call,
    polls::t03_a_deleted_value_lets_clients_in_and_cuts_nobody_off,
    polls::t04_an_edit_of_the_form_alone_changes_nothing,
    polls::t05_no_listed_session_survives_a_tick_that_it_raced,
    whom::t06_a_client_without_a_process_block_is_admitted_and_counted,
    whom::t07_a_late_name_ends_the_session_in_its_call,
    whom::t08_each_list_suffices_to_refuse,
    builds::t09_a_build_without_the_hotfix_honours_the_versions_alone,
    readings::t10_a_wrong_type_is_off_a_failed_read_is_not_and_both_recover,
    texts::t11_lists_that_would_hit_exchange_itself_are_errors,
    texts::t12_the_vectors_mean_the_same_on_the_wire,
    reg_files::t13_reg_files_are_imported_in_both_versions,
    clusters::t14_an_edit_travels_with_the_service_and_not_with_the_node,
    polls::t15_a_value_created_later_is_followed_as_the_setting_says,
}

#[test]
fn there_are_fifteen() {
    let numbers: Vec<_> =
        STORIES.iter().map(|name| name.split('_').next().expect("a number")).collect();
    let expected: Vec<_> = (1..=15).map(|number| format!("t{number:02}")).collect();
    assert_eq!(numbers, expected);
}
