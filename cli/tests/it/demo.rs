//! The demo, as a newcomer runs it.

use crate::support::run;

#[test]
fn the_demo_ends_with_a_verified_204_and_is_plain_text_in_a_pipe() {
    let ended = run(&["demo"]);
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout.ends_with("\nverified: 204 No Content\n"), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}'));
}
