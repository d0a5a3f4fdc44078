"""The registry: its tree, typed values, import and export."""

from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote

from commands import as_command, run_command
from harness import expect, gone, is_so, shows

POLLED = "HKEY_LOCAL_MACHINE\\System\\CurrentControlSet\\Services\\MSExchangeIS\\ParametersSystem"
OWN = "HKEY_LOCAL_MACHINE\\Software\\Contoso"
HOSTILE = "evil\u202e<img src=x onerror=alert(1)>"
DATA = "#registry-value-data"


def run(dashboard):
    keys_are_a_tree(dashboard)
    values_are_typed(dashboard)
    what_is_wrong_is_said_in_the_servers_words(dashboard)
    a_misspelt_name_is_hinted_at(dashboard)
    somebody_elses_edit_is_shown(dashboard)
    keys_come_and_go(dashboard)
    a_file_is_imported_whole_or_not_at_all(dashboard)
    it_is_exported(dashboard)
    nodes_have_registries_of_their_own(dashboard)
    every_change_has_its_command(dashboard)
    the_looks(dashboard)


def key_place(key, **query):
    return f"registry/{quote(key, safe='')}" + ("?" + "&".join(f"{name}={quote(value)}" for name, value in query.items()) if query else "")


def value_of(store, key, name):
    return store.get(f"/registry/{quote(key, safe='')}?value={quote(name)}")


def write(store, key, name, value):
    return store.put(f"/registry/{quote(key, safe='')}?value={quote(name)}", value)


def keys_are_a_tree(dashboard):
    store = dashboard.new_store()
    write(store, OWN, "Limit", {"type": "REG_DWORD", "data": 16})
    with dashboard.open(store, "registry") as visit:
        page = visit.page
        # The key that the store polls is what is shown, and it is marked.
        shows(page, "#registry-key", "ParametersSystem")
        shows(page, ".registry-tree a[aria-current=page]", "ParametersSystem")
        shows(page, ".registry-row:has(a[aria-current=page])", "polled")
        software = page.get_by_role("button", name="Keys below Software")
        expect(software.get_attribute("aria-expanded"), "false", "a key that nobody has opened")
        software.press("Enter")
        page.locator(".registry-tree a", has_text="Contoso").click()
        shows(page, "#registry-key", "Contoso")
        shows(page, "td", "16 (0x10)")
        is_so(page, "location.hash.includes('registry/HKEY_LOCAL_MACHINE%5CSoftware%5CContoso')")
        page.locator("#registry-polled").click()
        shows(page, "#registry-key", "ParametersSystem")
        # What somebody else creates is in the tree at once.
        store.put(f"/registry/{quote(OWN + chr(92) + 'Below', safe='')}")
        page.get_by_role("button", name="Keys below Contoso").click()
        shows(page, ".registry-tree a", "Below")
        store.delete(f"/registry/{quote(OWN, safe='')}")
        gone(page, ".registry-tree a", "Contoso")
        page.goto(page.url.split("#")[0] + f"#/{key_place('HKLM')}?store={store.store}")
        shows(page, "#registry-key", "HKEY_LOCAL_MACHINE")
        visit.check_quiet("404")


def values_are_typed(dashboard):
    store = dashboard.new_store()
    store.put(f"/registry/{quote(OWN, safe='')}")
    with dashboard.open(store, key_place(OWN)) as visit:
        page = visit.page

        def new(name, kind, data):
            page.locator("#registry-new-value").click()
            page.locator("#registry-value-name").fill(name)
            page.locator("#registry-value-type").select_option(kind)
            page.locator(DATA).fill(data)
            page.locator("#registry-write").click()
            shows(page, "#registry-editor", name or "(unnamed)")
            shows(page, "tr[aria-current=true]", name or "(unnamed)")

        for name, kind, typed, wanted in [
            ("text", "REG_SZ", "mdl.exe; b.exe", "mdl.exe; b.exe"),
            ("expand", "REG_EXPAND_SZ", "%SystemRoot%", "%SystemRoot%"),
            ("number", "REG_DWORD", "0x10", 16),
            ("long", "REG_QWORD", "18446744073709551615", "18446744073709551615"),
            ("lines", "REG_MULTI_SZ", "a\n\nb", ["a", "", "b"]),
            ("bytes", "REG_BINARY", "00 FF 01", "00ff01"),
            ("", "REG_SZ", "the unnamed one", "the unnamed one"),
        ]:
            new(name, kind, typed)
            found = value_of(store, OWN, name)
            expect((found["type"], found["data"]), (kind, wanted), name)
        # A number in the other way to write it, and a text that is torn.
        page.locator("td a", has_text="number").click()
        is_so(page, f"document.querySelector('{DATA}').value === '16'")
        page.locator("#registry-radix-16").check()
        expect(page.input_value(DATA), "0x10", "the number in hexadecimal")
        page.locator(DATA).fill("ff")
        page.locator("#registry-write").click()
        shows(page, "td", "255 (0xff)")
        page.locator("td a", has_text="text").click()
        page.locator("#registry-value-hex").check()
        expect(page.input_value(DATA)[:8], "6d006400", "the bytes of a text")
        page.locator(DATA).fill("6d0064006c")
        page.locator("#registry-write").click()
        shows(page, "td", "bytes 6d 00 64 00 6c")
        expect(value_of(store, OWN, "text").get("hex"), "6d0064006c", "what a torn text is")
        dashboard.check(visit, "registry-torn")
        page.locator("#registry-delete-value").click()
        shows(page, "dialog", "The value text goes")
        page.locator("#confirm-yes").click()
        gone(page, "td a", "text")
        is_so(page, "document.activeElement.matches('h1')")
        visit.check_quiet()


def what_is_wrong_is_said_in_the_servers_words(dashboard):
    store = dashboard.new_store()
    write(store, OWN, "Limit", {"type": "REG_DWORD", "data": 1})
    with dashboard.open(store, key_place(OWN, value="Limit")) as visit:
        page = visit.page
        shows(page, DATA)
        page.locator(DATA).fill("4294967296")
        page.locator("#registry-write").click()
        shows(page, ".note-error", "a REG_DWORD is a number from 0 to 4294967295")
        dashboard.check(visit, "registry-wrong", expected="400")
        page.locator(DATA).fill("2")
        page.locator("#registry-write").click()
        gone(page, ".note-error")
        expect(value_of(store, OWN, "Limit")["data"], 2, "the number")


def a_misspelt_name_is_hinted_at(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, "registry?new=value") as visit:
        page = visit.page
        shows(page, ".empty", "No values")
        page.locator("#registry-value-name").fill("Disable MAPI Client Process")
        page.locator(DATA).fill("mdl.exe")
        page.locator("#registry-write").click()
        shows(page, ".note-warn", "did you mean Disable MAPI Client Processes?")
        dashboard.check(visit, "registry-hint")
        write(store, POLLED, "Disable MAPI Client Processes", {"type": "REG_SZ", "data": "mdl.exe"})
        shows(page, "td a", "in the policy studio").click()
        shows(page, "h1", "Policy")


def somebody_elses_edit_is_shown(dashboard):
    store = dashboard.new_store()
    write(store, OWN, "Name", {"type": "REG_SZ", "data": "one"})
    with dashboard.open(store, key_place(OWN, value="Name")) as visit:
        page = visit.page
        is_so(page, f"document.querySelector('{DATA}')?.value === 'one'")
        write(store, OWN, "Name", {"type": "REG_SZ", "data": "two"})
        is_so(page, f"document.querySelector('{DATA}').value === 'two'")
        page.locator(DATA).fill("mine")
        write(store, OWN, "Name", {"type": "REG_SZ", "data": "three"})
        shows(page, ".registry-editor .note-warn", "Somebody else has changed the value")
        expect(page.input_value(DATA), "mine", "the text that was begun")
        page.locator("#registry-take-theirs").click()
        expect(page.input_value(DATA), "three", "the text that was taken")
        gone(page, ".registry-editor .note-warn")
        visit.check_quiet()


def keys_come_and_go(dashboard):
    store = dashboard.new_store()
    with dashboard.open(store, key_place(OWN)) as visit:
        page = visit.page
        shows(page, ".note-error", "there is no key")
        dashboard.check(visit, "registry-missing", expected="404")
        page.locator("#registry-create-missing").click()
        shows(page, ".empty", "No values")
        page.locator("#registry-key-name").fill("Below\\Further")
        page.locator("#registry-create-key").click()
        shows(page, "#registry-key", "Further")
        shows(page, ".registry-tree a[aria-current=page]", "Further")
        page.locator("#registry-key a", has_text="Contoso").click()
        shows(page, "#registry-key-name")
        page.locator("#registry-delete-key").click()
        shows(page, "dialog", "1 key directly below it")
        page.keyboard.press("Escape")
        is_so(page, "document.activeElement.id === 'registry-delete-key'")
        page.keyboard.press("Enter")
        page.locator("#confirm-yes").click()
        gone(page, ".registry-tree a", "Contoso")
        is_so(page, "document.querySelector('#registry-key')?.textContent.endsWith('Software')")


def a_file_is_imported_whole_or_not_at_all(dashboard):
    store = dashboard.new_store()
    good = f'Windows Registry Editor Version 5.00\n\n[{OWN}]\n"Größe"="ß"\n'
    with dashboard.open(store, "registry") as visit:
        page = visit.page
        page.locator("#registry-import-text").fill(good + '"b"=dword:zz\n')
        page.locator("#registry-import").click()
        shows(page, ".note-error", "line 5, column 11")
        excerpt = shows(page, ".note-error .excerpt").inner_text().split("\n")
        expect(excerpt[1].index("^"), excerpt[0].index("zz"), "where the caret is")
        expect(store.get("/registry/HKLM")["subkeys"], ["System"], "what was half imported")
        dashboard.check(visit, "registry-import-wrong", expected="400")
        page.locator("#registry-import-text").fill(good)
        page.locator("#registry-import").click()
        shows(page, "#registry-imported", "2 edits, of which 2 changed something")
        expect(value_of(store, OWN, "Größe")["data"], "ß", "what was imported")
        # A file is sent as it is, in the code page that it is in.
        with TemporaryDirectory() as folder:
            file = Path(folder) / "old lists.reg"
            file.write_bytes(f'REGEDIT4\r\n\r\n[{OWN}]\r\n"Old"="Łódź"\r\n'.encode("cp1250"))
            page.locator("#registry-import-file").set_input_files(file)
            page.locator("#registry-import-code-page").fill("1250")
            page.locator("#registry-import").click()
            shows(page, "#registry-imported", "2 edits, of which 1 changed something")
            expect(value_of(store, OWN, "Old")["data"], "Łódź", "what the file has")
            store.delete(f"/registry/{quote(OWN, safe='')}")
            page.locator(".action-buttons:has(#registry-import) .copy").click()
            text = shows(page, "dialog pre[aria-label='Command line']").inner_text()
            page.keyboard.press("Escape")
            run_command(f"cd '{folder}' && {text}")
            expect(value_of(store, OWN, "Old")["data"], "Łódź", "what the command imported")
        page.locator("#registry-import-clear").click()
        page.locator("#registry-import-text").fill('REGEDIT4\n\n[HKEY_LOCAL_MACHINE]\n"a"="ß"')
        shows(page, ".note-warn", "letters beyond ASCII come out wrong")


def it_is_exported(dashboard):
    store = dashboard.new_store()
    write(store, POLLED, "Disable MAPI Client Processes", {"type": "REG_SZ", "data": "größe.exe"})
    with dashboard.open(store, "registry") as visit:
        page = visit.page
        for control, encoding, head in [
            ("#registry-export-v5", "utf-16", "Windows Registry Editor Version 5.00"),
            ("#registry-export-regedit4", "cp1252", "REGEDIT4"),
        ]:
            with page.expect_download() as download:
                shows(page, control).click()
            text = Path(download.value.path()).read_bytes().decode(encoding)
            expect((text.startswith(head), "größe.exe" in text), (True, True), f"the file of {control}")
        visit.check_quiet()


def nodes_have_registries_of_their_own(dashboard):
    store = dashboard.new_store()
    store.patch("/cluster", {"mode": "per_node"})
    with dashboard.open(store, "registry") as visit:
        page = visit.page
        shows(page, "#registry-node").select_option("NODE2")
        is_so(page, "location.hash.includes('node=NODE2')")
        page.locator("#registry-new-value").click()
        page.locator("#registry-value-name").fill("Other")
        page.locator(DATA).fill("two")
        page.locator("#registry-write").click()
        shows(page, "td a", "Other")
        as_command(page, "#registry-write")
        values = [store.get(f"/registry/{quote(POLLED, safe='')}?node={node}")["values"] for node in ("NODE1", "NODE2")]
        expect([len(one) for one in values], [0, 1], "values of the nodes")
        dashboard.check(visit, "registry-node")


def every_change_has_its_command(dashboard):
    store = dashboard.new_store()
    store.put(f"/registry/{quote(OWN, safe='')}")
    with dashboard.open(store, key_place(OWN, new="value")) as visit:
        page = visit.page
        shows(page, "#registry-value-name").fill("-x")
        page.locator(DATA).fill("it's -y")
        as_command(page, "#registry-write")
        expect(value_of(store, OWN, "-x")["data"], "it's -y", "what the command wrote")
        page.locator("#registry-value-name").fill("lines")
        page.locator("#registry-value-type").select_option("REG_MULTI_SZ")
        page.locator(DATA).fill("a\n\n-b")
        as_command(page, "#registry-write")
        expect(value_of(store, OWN, "lines")["data"], ["a", "", "-b"], "the lines that the command wrote")
        page.locator("#registry-value-hex").check()
        page.locator(DATA).fill("6d00")
        as_command(page, "#registry-write")
        expect(value_of(store, OWN, "lines").get("hex"), "6d00", "the bytes that the command wrote")
        page.locator("td a", has_text="-x").click()
        shows(page, "#registry-editor", "-x")
        as_command(page, "#registry-delete-value")
        gone(page, "td a", "-x")
        page.locator("#registry-key-name").fill("Below")
        as_command(page, "#registry-create-key")
        expect(store.get(f"/registry/{quote(OWN, safe='')}")["subkeys"], ["Below"], "the key that the command created")
        page.locator("#registry-import-text").fill(f'REGEDIT4\n\n[{OWN}]\n"q"="it\'s"\n')
        as_command(page, "#registry-import")
        expect(value_of(store, OWN, "q")["data"], "it's", "what the command imported")
        as_command(page, "#registry-delete-key")
        shows(page, ".note-error", "there is no key")


def the_looks(dashboard):
    empty = dashboard.new_store()
    dashboard.looks(empty, "registry", "registry-empty", lambda page: shows(page, ".empty", "No values"))
    full = dashboard.new_store()
    for number in range(30):
        write(full, POLLED, f"A value with a name {number}", {"type": "REG_SZ", "data": "program.exe; " * 20})
    write(full, POLLED, HOSTILE, {"type": "REG_SZ", "data": HOSTILE})
    write(full, POLLED, "Disable MAPI Clients", {"type": "REG_SZ", "data": "-5.3164.0"})
    place = key_place(POLLED, value=HOSTILE)
    dashboard.looks(full, place, "registry-full", lambda page: shows(page, "#registry-editor", "evil\\u{202e}<img"))
