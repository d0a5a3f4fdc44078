//! Tables: a caption, a head, and rows of cells that are HTML already, in a region that scrolls and takes the focus.

/// A column of a table.
#[derive(Clone, Debug)]
pub(super) struct Column {
    head: String,
    /// Of its cells.
    class: &'static str,
}

impl Column {
    /// A column of text.
    pub(super) fn text(head: impl Into<String>) -> Self {
        Self { head: head.into(), class: "" }
    }

    /// A column of more text.
    pub(super) fn wide(head: impl Into<String>) -> Self {
        Self { head: head.into(), class: " class=\"w\"" }
    }

    /// A column of numbers.
    pub(super) fn number(head: impl Into<String>) -> Self {
        Self { head: head.into(), class: " class=\"n\"" }
    }
}

/// A table whose first cells name their rows.
pub(super) fn table(caption: &str, columns: &[Column], rows: &[Vec<String>]) -> String {
    let head = |column: &Column| format!("<th scope=\"col\"{}>{}</th>", column.class, column.head);
    let head: String = columns.iter().map(head).collect();
    let row = |cells: &Vec<String>| {
        let cells =
            columns.iter().zip(cells).enumerate().map(|(place, (column, cell))| match place {
                0 => format!("<th scope=\"row\"{}>{cell}</th>", column.class),
                _ => format!("<td{}>{cell}</td>", column.class),
            });
        format!("<tr>{}</tr>\n", cells.collect::<String>())
    };
    let rows: String = rows.iter().map(row).collect();
    let table = format!(
        "<table><caption>{caption}</caption><thead><tr>{head}</tr></thead><tbody>\n{rows}</tbody></table>"
    );
    scrolled(&format!("Table: {caption}"), &table)
}

/// Something that may be wider than the page. `label` is plain text.
pub(super) fn scrolled(label: &str, inside: &str) -> String {
    format!(
        "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"{}\">{inside}</div>",
        super::escape::escaped(label)
    )
}
