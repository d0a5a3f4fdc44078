//! The README's screen of curl, run as it stands.

use std::process::Command;

use super::process::Serving;
use crate::workspace::{root, text};

#[test]
fn the_screen_of_curl_tells_the_story() {
    let serving = Serving::start(&["--clock", "manual"]);
    let readme = text(&root().join("README.md"));
    let screen =
        readme.split("```sh\n").find(|block| block.starts_with("S=")).expect("the screen of curl");
    let screen = screen.split("```").next().expect("its end");
    let screen = screen.replace("http://127.0.0.1:8135", serving.control());
    // Each command's answer on a line of its own.
    let screen = screen.replace("\ncurl ", "\necho; curl ");
    let output = Command::new("bash").args(["-euc", &screen]).output().expect("bash and curl run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<&str> = said.lines().skip(1).collect();
    let told = [
        "\"state\":\"connected\"",
        "\"state\":\"connected\"",
        "\"in_force\":false",
        "\"total\":4",
        "\"disconnected\":3",
        "\"type\":\"session.disconnected\"",
        "\"state\":\"refused\",\"outcome\":\"ecClientVerDisallowed\"",
        "\"decision\":\"forbidden\"",
        "\"action\":\"refused\"",
        "\"items\":[]",
        "\"changed\":true",
        "\"state\":\"connected\"",
    ];
    assert_eq!(answers.len(), told.len(), "{said}");
    for (answer, told) in answers.into_iter().zip(told) {
        assert!(answer.contains(told), "no `{told}` in {answer}");
    }
}
