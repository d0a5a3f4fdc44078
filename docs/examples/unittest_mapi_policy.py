"""A listed program is cut off at the next poll. With Python's own unittest and exstore_fixture."""

import unittest

import exstore_fixture


class MapiPolicy(exstore_fixture.TestCase):
    def test_a_listed_program_is_cut_off_at_the_next_poll(self):
        clients = self.exstore.inject("mdl.exe", count=5, group="finance")
        self.exstore.inject("OUTLOOK.EXE")
        self.exstore.block("mdl.exe")
        self.assertEqual(self.exstore.advance(next="poll")["disconnected"], len(clients))
        self.assertEqual([session["process"] for session in self.exstore.sessions()], ["OUTLOOK.EXE"])

    def test_the_reason_is_told(self):
        self.exstore.block("mdl.exe", apply="now")
        self.assertIn("mdl.exe", self.exstore.explain(process="mdl.exe")["summary"])


if __name__ == "__main__":
    unittest.main()
