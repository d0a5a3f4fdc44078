//! How near two texts are: edits apart, or apart by what a wildcard would cover.

use std::str::Chars;

/// How many characters have to be inserted, removed or replaced to make `left` of `right`, if
/// `budget` is enough. Costs at most 3 to the power of `budget` walks along the shorter text.
pub(crate) fn edits_within(budget: usize, left: &str, right: &str) -> Option<usize> {
    edits(budget, left.chars(), right.chars())
}

fn edits(budget: usize, mut left: Chars<'_>, mut right: Chars<'_>) -> Option<usize> {
    loop {
        let (whole_left, whole_right) = (left.clone(), right.clone());
        match (left.next(), right.next()) {
            (None, None) => return Some(0),
            (ours, theirs) if ours == theirs => {}
            _ => {
                let budget = budget.checked_sub(1)?;
                let replaced = edits(budget, left.clone(), right.clone());
                let removed = edits(budget, left, whole_right);
                let inserted = edits(budget, whole_left, right);
                let fewest = [replaced, removed, inserted].into_iter().flatten().min()?;
                return Some(fewest.saturating_add(1));
            }
        }
    }
}

/// Whether `name` would match `pattern` if `*` stood for any characters and `?` for one.
///
/// Goes back to the last `*` only, so it costs at most the product of the lengths.
pub(crate) fn wildcard_matches(pattern: &str, name: &str) -> bool {
    if !pattern.contains(['*', '?']) {
        return false;
    }
    let (mut pattern, mut name) = (pattern.chars(), name.chars());
    let mut last_star: Option<(Chars<'_>, Chars<'_>)> = None;
    loop {
        let whole_name = name.clone();
        match (pattern.next(), name.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                name = whole_name;
                last_star = Some((pattern.clone(), name.clone()));
            }
            (Some('?'), Some(_)) => {}
            (wanted, found) if wanted == found => {}
            _ => {
                let Some((after_star, covered)) = &mut last_star else {
                    return false;
                };
                if covered.next().is_none() {
                    return false;
                }
                (pattern, name) = (after_star.clone(), covered.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{edits_within, wildcard_matches};

    #[test]
    fn edits_are_counted_up_to_the_budget() {
        for (left, right, budget, expected) in [
            ("", "", 0, Some(0)),
            ("MDL.EXE", "MDL.EXE", 0, Some(0)),
            ("MDL.EXE", "MDI.EXE", 1, Some(1)),
            ("MDL.EXE", "MD.EXE", 1, Some(1)),
            ("MDL.EXE", "MMDL.EXE", 1, Some(1)),
            ("OUTLOOK", "OULTOOK", 2, Some(2)),
            ("OUTLOOK", "OULTOOK", 1, None),
            ("", "AB", 2, Some(2)),
            ("AB", "", 1, None),
            ("KITTEN", "SITTING", 3, Some(3)),
        ] {
            assert_eq!(edits_within(budget, left, right), expected, "{left} {right} {budget}");
        }
    }

    #[test]
    fn wildcards_cover_what_they_do_in_a_shell() {
        for (pattern, name, expected) in [
            ("*", "", true),
            ("*.EXE", "A.EXE", true),
            ("GOOG*", "GOOGLE.EXE", true),
            ("GOOG*", "GOO.EXE", false),
            ("?.EXE", "A.EXE", true),
            ("?.EXE", ".EXE", false),
            ("*A*B?", "XAAXBBC", true),
            ("*A*B", "XAAXBBC", false),
            ("A.EXE", "A.EXE", false),
        ] {
            assert_eq!(wildcard_matches(pattern, name), expected, "{pattern} {name}");
        }
    }
}
