//! The demo, as a newcomer runs it.

use std::process::Command;

fn demo() -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_wechatpay-contract")).arg("demo").output().unwrap()
}

#[test]
fn the_demo_ends_with_a_verified_204() {
    let output = demo();
    assert!(output.status.success());
    assert!(String::from_utf8_lossy(&output.stdout).ends_with("\nverified: 204 No Content\n"));
}

#[test]
fn in_a_pipe_the_demo_is_plain_text() {
    assert!(!demo().stdout.contains(&0x1b));
}

#[test]
fn an_unknown_command_is_wrong_usage() {
    let output = Command::new(env!("CARGO_BIN_EXE_wechatpay-contract")).arg("dmeo").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("demo"));
}
