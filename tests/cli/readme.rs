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
    let screen = screen
        .split("```")
        .next()
        .expect("its end")
        .replace("http://127.0.0.1:8135", serving.control());
    let output = Command::new("bash").args(["-euc", &screen]).output().expect("bash and curl run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    for word in ["\"disconnected\":3", "ecClientVerDisallowed", "session.disconnected", "connected"]
    {
        assert!(said.contains(word), "no `{word}` in: {said}");
    }
}
