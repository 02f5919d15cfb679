//! Structs that somebody wrote by hand, beside those of the spec.

use std::fs;
use std::io::{self, Read};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};

use super::Args;
use crate::console::{Failure, complain, say};
use bitrpc_conform::foreign::{self, Comparison, Expected, Place, Record, Row, State, last_part};
use bitrpc_spec::diagnostic::closest;
use bitrpc_spec::layout::Layout;
use bitrpc_spec::names::{pascal, words};

/// Rows that are shown of one struct.
const MOST_ROWS: usize = 20;

/// Compares and reports; whether everything conforms.
pub(super) fn run(args: &Args, layout: &Layout) -> Result<bool, Failure> {
    let records = records(args)?;
    let expected = Expected::all(layout);
    let pairs = pairs(&args.structs, &records, &expected)?;
    let compared: Vec<_> =
        pairs.iter().map(|(record, expected)| Comparison::of(record, expected)).collect();
    let conforms = compared.iter().all(Comparison::is_same);
    if args.json {
        let structs: Vec<_> = compared.iter().map(to_json).collect();
        say(format_args!("{:#}", json!({ "conforms": conforms, "structs": structs })))?;
    } else {
        for comparison in &compared {
            report(comparison)?;
        }
    }
    Ok(conforms)
}

fn records(args: &Args) -> Result<Vec<Record>, Failure> {
    let subject = &args.subject;
    let found = if let Some(file) = &subject.header {
        foreign::header(file, &args.compiler())
    } else if let Some(file) = &subject.csharp {
        foreign::csharp(file)
    } else if let Some(file) = &subject.python {
        let names: Vec<_> = args.structs.iter().map(|pair| sides(pair).0).collect();
        foreign::python(file, &names)
    } else if let Some(file) = &subject.layout {
        let text = if file.as_os_str() == "-" {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        } else {
            fs::read_to_string(file)
        };
        let failed = |error| Failure::System(format!("cannot read {}: {error}", file.display()));
        foreign::document(&text.map_err(failed)?)
    } else {
        unreachable!("clap wants one of the subjects, and a copy is compared elsewhere")
    };
    found.map_err(Failure::system)
}

/// Both sides of `NAME=SPEC`; one name stands for both.
fn sides(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, last_part(pair)))
}

/// Who is compared with whom: what was asked for, or all of the same name.
fn pairs<'a>(
    wanted: &[String],
    records: &'a [Record],
    expected: &'a [Expected],
) -> Result<Vec<(&'a Record, &'a Expected)>, Failure> {
    if wanted.is_empty() {
        let own = records.iter().filter(|record| record.is_own);
        let is_called =
            |record: &Record, item: &Expected| words(last_part(&record.name)) == words(&item.name);
        let partner = |record: &'a Record| {
            let exact = pascal(last_part(&record.name));
            let item = expected.iter().find(|item| item.name == exact);
            let item = item.or_else(|| expected.iter().find(|item| is_called(record, item)));
            item.map(|item| (record, item))
        };
        let pairs: Vec<_> = own.filter_map(partner).collect();
        if pairs.is_empty() {
            return Err(nothing_in_common(records, expected));
        }
        return Ok(pairs);
    }
    let find = |pair: &String| {
        let (foreign, spec) = sides(pair);
        let names = || expected.iter().map(|item| item.name.as_str());
        let item = expected.iter().find(|item| words(&item.name) == words(spec));
        let item = item.ok_or_else(|| unknown("the spec", spec, names().collect()))?;
        Ok((record(records, foreign)?, item))
    };
    wanted.iter().map(find).collect()
}

/// The record of this name: with its namespaces, or without them where that is clear.
fn record<'a>(records: &'a [Record], name: &str) -> Result<&'a Record, Failure> {
    if let Some(record) = records.iter().find(|record| record.name == name) {
        return Ok(record);
    }
    let mut like: Vec<_> =
        records.iter().filter(|record| last_part(&record.name) == name).collect();
    match like.as_slice() {
        [record] => Ok(record),
        [] => {
            let names = records.iter().map(|record| last_part(&record.name)).collect();
            Err(unknown("the source", name, names))
        }
        _ => {
            like.sort_by_key(|record| &record.name);
            let names: Vec<_> = like.iter().map(|record| record.name.as_str()).collect();
            Err(Failure::System(format!("`{name}` may be any of {}", names.join(", "))))
        }
    }
}

fn unknown(place: &str, name: &str, known: Vec<&str>) -> Failure {
    let hint = match closest(name, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; it has {}", listed(known)),
    };
    Failure::System(format!("{place} has no struct `{name}`{hint}"))
}

fn nothing_in_common(records: &[Record], expected: &[Expected]) -> Failure {
    let own = records.iter().filter(|record| record.is_own);
    let found = listed(own.map(|record| last_part(&record.name)).collect());
    let known = listed(expected.iter().map(|item| item.name.as_str()).collect());
    Failure::System(format!(
        "no struct of the source is called as one of the spec; say which belong together with \
         --struct NAME=SPEC\n  the source has {found}\n  the spec has {known}"
    ))
}

/// Names for a message, some of them where there are many.
fn listed(mut names: Vec<&str>) -> String {
    const MOST: usize = 12;
    if names.is_empty() {
        return "none".to_owned();
    }
    names.sort_unstable();
    names.dedup();
    let more = names.len().saturating_sub(MOST);
    names.truncate(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", names.join(", "))
}

fn to_json(comparison: &Comparison) -> Value {
    let rows = comparison.rows.iter().map(|row| {
        let mut value = json!({
            "name": row.name,
            "state": row.state.word(),
            "expected": row.expected,
            "found": row.found,
        });
        match &row.state {
            State::Renamed(by) | State::Covered(by) => value["by"] = json!(by),
            State::Retyped(expected, found) => {
                value["types"] = json!([expected.name(), found.name()]);
            }
            _ => {}
        }
        value
    });
    json!({
        "foreign": comparison.foreign,
        "spec": comparison.spec,
        "same": comparison.is_same(),
        "size": { "expected": comparison.expected_size, "found": comparison.found_size },
        "first_off": comparison.first_off().map(|row| &row.name),
        "fields": rows.collect::<Vec<_>>(),
    })
}

fn report(comparison: &Comparison) -> Result<(), Failure> {
    let Comparison { foreign, spec, expected_size, found_size, rows } = comparison;
    let (color, word) =
        if comparison.is_same() { (AnsiColor::Green, "same") } else { (AnsiColor::Red, "differs") };
    let style = Style::new().fg_color(Some(color.into())).bold();
    let size = if expected_size == found_size {
        format!("{expected_size} bytes")
    } else {
        format!("{found_size} bytes, expected {expected_size}")
    };
    say(format_args!("{foreign} = {spec}: {style}{word}{style:#} ({size})"))?;
    let off: Vec<_> = rows.iter().filter(|row| row.state != State::Same).collect();
    if !off.is_empty() {
        say(table(&off))?;
    }
    if off.len() > MOST_ROWS {
        complain(format_args!("  ... and {} more\n", off.len() - MOST_ROWS));
    }
    if let Some(first) = comparison.first_off() {
        say(format_args!("  first: {}", sentence(first)))?;
    }
    Ok(())
}

fn table(rows: &[&Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["  offset", "size", "found at", "size", "field", ""]);
    for row in rows.iter().take(MOST_ROWS) {
        let cell = |place: Option<Place>, part: fn(Place) -> u64| {
            place.map_or_else(|| "-".to_owned(), |place| part(place).to_string())
        };
        let note = match &row.state {
            State::Renamed(name) if name.is_empty() => "without a name".to_owned(),
            State::Renamed(name) => format!("called {name}"),
            State::Covered(names) => format!("as {names}"),
            State::Retyped(expected, found) => {
                format!("{}, expected {}", found.name(), expected.name())
            }
            State::Padding => "padding".to_owned(),
            state => state.word().to_owned(),
        };
        table.add_row([
            cell(row.expected, |place| place.0),
            cell(row.expected, |place| place.1),
            cell(row.found, |place| place.0),
            cell(row.found, |place| place.1),
            row.name.clone(),
            note,
        ]);
    }
    for column in 0..4 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn sentence(row: &Row) -> String {
    let name = &row.name;
    let place = |(offset, size): Place| format!("{size} bytes at {offset}");
    match (&row.state, row.expected, row.found) {
        (State::Retyped(expected, found), ..) => {
            let (expected, found) = (expected.name(), found.name());
            format!("`{name}`: expected {expected}, found {found}")
        }
        (_, Some(expected), Some(found)) => {
            format!("`{name}`: expected {}, found {}", place(expected), place(found))
        }
        (_, Some(expected), None) => {
            format!("`{name}`: expected {}, found no such member", place(expected))
        }
        (_, None, Some(found)) => {
            format!("`{name}`: found {}, where the spec has no such field", place(found))
        }
        (_, None, None) => format!("`{name}`"),
    }
}
