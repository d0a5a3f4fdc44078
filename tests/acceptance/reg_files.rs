//! `.reg` files over HTTP (policy 6.2): acceptance test 13.

use infostore::Transport;
use serde_json::Value;

use super::site::Site;

const KEY: &str =
    r"HKEY_LOCAL_MACHINE\System\CurrentControlSet\Services\MSExchangeIS\ParametersSystem";

/// A file of version 5 as Windows exports it: UTF-16LE with a byte order mark and CRLF.
fn version_5(lines: &str) -> Vec<u8> {
    let text = format!("\u{feff}Windows Registry Editor Version 5.00\n\n[{KEY}]\n{lines}\n");
    text.replace('\n', "\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// A file of the ANSI version.
fn version_4(lines: &str) -> Vec<u8> {
    format!("REGEDIT4\n\n[{KEY}]\n{lines}\n").replace('\n', "\r\n").into_bytes()
}

fn import(site: &Site, file: &[u8]) {
    site.send("POST", "/registry-import", "text/x-ms-regedit", file).ok();
}

pub(super) fn t13_reg_files_are_imported_in_both_versions(via: Transport) {
    for file in [version_5 as fn(&str) -> Vec<u8>, version_4] {
        let site = Site::start(via);
        let mut open = site.foreign("mdl.exe");
        // A `;` at the beginning of a line is a comment, in the data it stands between two names.
        import(
            &site,
            &file(
                "; \"Disable MAPI Client Processes\"=\"no.exe\"\n\"Disable MAPI Client Processes\"=\"mdl.exe; beta.exe\"\n\"Disable MAPI Clients\"=\"12.0.0-\" ; for now",
            ),
        );
        open.is_served();
        assert_eq!(site.tick(), 1);
        open.is_closed();
        for listed in ["mdl.exe", "BETA.EXE"] {
            site.refuses(listed);
        }
        site.admits("no.exe");
        assert_eq!(site.get("/block-lists/versions")["data"], "12.0.0-");

        // A file that breaks off is not half imported.
        let broken = file("\"Disable MAPI Client Processes\"=-\n\"Disable MAPI Clients\"=\"12");
        let refused = site.send("POST", "/registry-import", "text/x-ms-regedit", &broken);
        assert_eq!(refused.status, 400, "{}", refused.text());
        site.tick();
        site.refuses("mdl.exe");

        import(&site, &file("\"Disable MAPI Client Processes\"=-"));
        assert_eq!(site.get("/block-lists/processes")["data"], Value::Null);
        site.tick();
        site.admits("mdl.exe");
    }
}
