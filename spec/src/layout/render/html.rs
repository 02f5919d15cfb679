//! Prints a page as one HTML file: no script, style, font or picture comes from elsewhere.
//!
//! Everything that the page shows is in its tables, for readers without a script, a mouse or eyes.
//! The script adds the search, the switch of colours, and the details of the cell that the mouse or
//! the keyboard is at: it reads them from the table below the byte map.

use super::map::{Kind, Map, Part};
use super::markup::Markup;
use super::page::{Block, Item, Page, Table};
use super::prose::{Inline, Words};
use super::rows::{Cell, ROW, Row};
use crate::layout::Lines;
use crate::model::role::Writer;

/// How the elements of a page look.
pub const STYLE: &str = include_str!("page.css");

/// What the search, the colours and the byte maps of a page do.
pub const SCRIPT: &str = include_str!("page.js");

/// Nothing may be loaded, whatever a doc text says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// Bytes that a processor fetches at once.
const CACHE_LINE: u64 = 64;

pub(crate) fn print(page: &Page) -> String {
    let mut html = Markup::default();
    html.raw("<!DOCTYPE html>\n");
    html.open("html", &[("lang", &"en")]);
    html.line();
    head(&mut html, page);
    html.open("body", &[]);
    html.line();
    html.element("a", &[("class", &"skip"), ("href", &"#main")], "Skip to the content");
    top(&mut html, page);
    navigation(&mut html, page);
    html.open("main", &[("id", &"main"), ("tabindex", &"-1")]);
    html.line();
    body(&mut html, page);
    html.close("main");
    html.raw("\n<div id=\"detail\" role=\"tooltip\" hidden></div>\n<script>\n");
    html.raw(SCRIPT);
    html.raw("</script>\n</body>\n</html>\n");
    html.finish()
}

/// What `<main>` holds.
pub(crate) fn fragment(page: &Page) -> String {
    let mut html = Markup::default();
    body(&mut html, page);
    html.finish()
}

fn head(html: &mut Markup, page: &Page) {
    html.open("head", &[]);
    html.raw("\n<meta charset=\"utf-8\">\n");
    let policy: &[(&str, &dyn std::fmt::Display)] =
        &[("http-equiv", &"Content-Security-Policy"), ("content", &POLICY)];
    html.void("meta", policy);
    html.raw("\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.element("title", &[], &page.title);
    html.raw("\n<style>\n");
    html.raw(STYLE);
    html.raw("</style>\n</head>\n");
}

fn top(html: &mut Markup, page: &Page) {
    html.raw("\n<header class=\"top\">\n");
    html.element("h1", &[], &page.title);
    html.raw(
        "\n<form class=\"tools\" role=\"search\" hidden>\n\
         <label for=\"query\">Search</label>\n\
         <input id=\"query\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\" \
         aria-describedby=\"found\" aria-keyshortcuts=\"/\" \
         placeholder=\"name, type, id or words\">\n\
         <button id=\"theme\" type=\"button\">Colours: system</button>\n\
         <p id=\"found\" role=\"status\"></p>\n</form>\n</header>\n",
    );
}

fn navigation(html: &mut Markup, page: &Page) {
    html.raw("<nav aria-label=\"Contents\">\n<ul>\n");
    for group in &page.groups {
        html.open("li", &[]);
        html.element("a", &[("href", &format_args!("#{}", group.key))], group.title);
        if !group.items.is_empty() {
            html.raw("\n<ul>\n");
            for item in &group.items {
                let link = format!("#{}", item.key);
                html.open("li", &[("data-of", &item.key)]);
                html.element("a", &[("href", &link)], item.name);
                if !item.note.is_empty() {
                    html.element("small", &[], format_args!(" {}", item.note));
                }
                html.raw("</li>\n");
            }
            html.raw("</ul>\n");
        }
        html.raw("</li>\n");
    }
    html.raw("</ul>\n</nav>\n");
}

fn body(html: &mut Markup, page: &Page) {
    blocks(html, &page.intro);
    legend(html);
    for group in &page.groups {
        html.open("section", &[("class", &"group"), ("aria-labelledby", &group.key)]);
        html.line();
        html.element("h2", &[("id", &group.key)], group.title);
        html.line();
        blocks(html, &group.intro);
        group.items.iter().for_each(|entry| item(html, entry));
        html.raw("</section>\n");
    }
}

fn legend(html: &mut Markup) {
    html.raw("<ul class=\"legend\" aria-label=\"Colours of the byte maps\">\n");
    for kind in Kind::ALL {
        html.open("li", &[("class", &kind.word())]);
        html.text(kind.word());
        html.raw("</li>\n");
    }
    html.element("li", &[("class", &"rule")], "thick line: 64 bytes from the start, a cache line");
    html.raw("</ul>\n");
}

fn item(html: &mut Markup, item: &Item) {
    let heading = format!("{}-name", item.key);
    let attributes: &[(&str, &dyn std::fmt::Display)] =
        &[("class", &"item"), ("id", &item.key), ("aria-labelledby", &heading)];
    html.open("section", attributes);
    html.line();
    html.open("h3", &[("id", &heading)]);
    html.text(format_args!("{} ", item.sort));
    html.element("code", &[], item.name);
    html.text(" ");
    html.element(
        "a",
        &[
            ("href", &format_args!("#{}", item.key)),
            ("aria-label", &format_args!("Link to {}", item.name)),
        ],
        "#",
    );
    html.close("h3");
    html.line();
    blocks(html, &item.blocks);
    html.raw("</section>\n");
}

fn blocks(html: &mut Markup, blocks: &[Block]) {
    for block in blocks {
        match block {
            Block::Paragraph(text) => {
                html.open("p", &[]);
                words(html, text);
                html.close("p");
            }
            Block::Facts(facts) => {
                html.open("dl", &[("class", &"facts")]);
                for (name, text) in facts {
                    html.open("div", &[]);
                    html.element("dt", &[], name);
                    html.open("dd", &[]);
                    words(html, text);
                    html.close("dd");
                    html.close("div");
                }
                html.close("dl");
            }
            Block::Table(table) => self::table(html, table),
            Block::Map(map) => self::map(html, map),
        }
        html.line();
    }
}

fn words(html: &mut Markup, words: &Words) {
    for word in words {
        match word {
            Inline::Text(text) => html.text(text),
            Inline::Code(code) => html.element("code", &[], code),
            Inline::Link { key, text } => {
                html.open("a", &[("href", &format_args!("#{key}"))]);
                html.element("code", &[], text);
                html.close("a");
            }
        }
    }
}

fn table(html: &mut Markup, table: &Table) {
    html.open("table", &[("class", &format_args!("list columns-{}", table.columns.len()))]);
    html.line();
    html.element("caption", &[], &table.caption);
    html.raw("\n<thead><tr>");
    for column in table.columns {
        let class = if column.is_number { "number" } else { "words" };
        html.element("th", &[("scope", &"col"), ("class", &class)], column.title);
    }
    html.raw("</tr></thead>\n<tbody>\n");
    for row in &table.rows {
        match row.kind {
            Some(kind) => html.open("tr", &[("class", &format_args!("is-{}", kind.word()))]),
            None => html.open("tr", &[]),
        }
        for (column, cell) in table.columns.iter().zip(&row.cells) {
            let tag = if column.is_name { "th" } else { "td" };
            match (column.is_name, column.is_number) {
                (true, _) => html.open(tag, &[("scope", &"row")]),
                (_, true) => html.open(tag, &[("class", &"number")]),
                _ => html.open(tag, &[]),
            }
            words(html, cell);
            html.close(tag);
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>");
}

/// The byte map: a grid in which the arrow keys move from cell to cell.
fn map(html: &mut Markup, map: &Map) {
    html.open("table", &[("class", &"map"), ("role", &"grid")]);
    html.line();
    html.element("caption", &[], format_args!("Byte map of {}", map.name));
    html.raw("\n<thead><tr><th scope=\"col\"><span class=\"unseen\">Offset</span></th>");
    for column in 0..ROW {
        html.element("th", &[("scope", &"col")], column);
    }
    html.raw("</tr></thead>\n");
    if map.lines.is_empty() {
        html.raw("<tbody>\n");
    }
    let mut lines = map.lines.iter().peekable();
    let mut is_first = true;
    for row in &map.rows {
        while let Some(line) = lines.next_if(|line| line.start <= row.start) {
            if line.start > 0 {
                html.raw("</tbody>\n");
            }
            band(html, line);
        }
        let is_edge = map.lines.is_empty() && row.start > 0 && row.start % CACHE_LINE == 0;
        match is_edge {
            true => html.open("tr", &[("class", &"edge")]),
            false => html.open("tr", &[]),
        }
        html.element("th", &[("scope", &"row")], row.start);
        for cell in &row.cells {
            self::cell(html, &map.parts[cell.part], row, cell, is_first);
            is_first = false;
        }
        let end = row.cells.last().map_or(0, |cell| cell.to);
        if end < ROW {
            let class: &dyn std::fmt::Display = &"none";
            html.element("td", &[("colspan", &(ROW - end)), ("class", class)], "");
        }
        html.raw("</tr>\n");
    }
    html.raw("</tbody>\n</table>");
}

/// Begins the rows of a line of the ring header with what is said of it.
fn band(html: &mut Markup, line: &Lines) {
    let stores = |writer: Writer| line.writers.contains(&writer);
    let class = match (stores(Writer::Producer), stores(Writer::Consumer)) {
        (true, true) => "by-both",
        (true, false) => "by-producer",
        (false, true) => "by-consumer",
        (false, false) if stores(Writer::Creator) => "by-creator",
        (false, false) => "by-nobody",
    };
    html.open("tbody", &[("class", &class)]);
    html.open("tr", &[("class", &"band")]);
    html.open("th", &[("colspan", &(ROW + 1)), ("scope", &"rowgroup")]);
    match line.first == line.last {
        true => html.element("b", &[], format_args!("Line {}", line.first)),
        false => html.element("b", &[], format_args!("Lines {} to {}", line.first, line.last)),
    }
    html.text(format_args!(": {}", line.usage()));
    html.raw("</th></tr>\n");
}

fn cell(html: &mut Markup, part: &Part, row: &Row, cell: &Cell, is_first: bool) {
    let tab = if is_first { 0 } else { -1 };
    let class = format!("{}{}", part.kind.word(), if cell.is_first { "" } else { " on" });
    let attributes: &[(&str, &dyn std::fmt::Display)] = &[
        ("colspan", &(cell.to - cell.from)),
        ("class", &class),
        ("data-part", &cell.part),
        ("tabindex", &tab),
    ];
    html.open("td", attributes);
    if row.is_gap() {
        let bytes = row.count * ROW;
        html.element("small", &[], format_args!("{bytes} more bytes of {}", part.name));
    } else if cell.is_first {
        html.element("b", &[], part.name);
        if !part.ty.is_empty() {
            html.text(" ");
            html.element("small", &[], &part.ty);
        }
    } else {
        html.element("small", &[], format_args!("\u{2026} {}", part.name));
    }
    html.close("td");
}
