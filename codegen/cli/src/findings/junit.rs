//! Findings as a JUnit report: a suite for each file, a case for each finding.

use bitrpc_spec::diagnostic::{Finding, Findings};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::{is_failure, place, prose};

/// The case of a report without findings: readers take a report without cases for a mistake.
const CLEAN: &str = "no findings";

/// The suite of what has no place in a file.
const NOWHERE: &str = "bitrpc";

pub(super) fn document(findings: &Findings) -> Result<String, SerializeError> {
    let mut report = Report::new("bitrpc");
    let mut suites: Vec<TestSuite> = Vec::new();
    for finding in findings.iter() {
        let (file, case) = case(findings, finding);
        match suites.iter_mut().find(|suite| suite.name.as_str() == file) {
            Some(suite) => drop(suite.add_test_case(case)),
            None => {
                let mut suite = TestSuite::new(file);
                suite.add_test_case(case);
                suites.push(suite);
            }
        }
    }
    if suites.is_empty() {
        let mut suite = TestSuite::new(NOWHERE);
        suite.add_test_case(TestCase::new(CLEAN, TestCaseStatus::success()));
        suites.push(suite);
    }
    report.add_test_suites(suites);
    report.to_string()
}

/// A finding with the name of its suite. An error is a failure; what else is worth knowing is what
/// a case that passed has printed.
fn case<'a>(findings: &'a Findings, finding: &Finding) -> (&'a str, TestCase) {
    let place = finding.primary.as_ref().map(|label| place(findings, label));
    let file = place.map_or(NOWHERE, |place| place.file);
    let at = place.map_or(String::new(), |place| format!(":{}:{}", place.start.0, place.start.1));
    let (id, word) = (finding.rule.id, finding.severity.word());
    let text = format!("{word}[{id}]: {}\n{file}{at}", prose(finding));
    let status = if is_failure(finding) {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type(id).set_message(finding.message.as_str()).set_description(text.as_str());
        status
    } else {
        TestCaseStatus::success()
    };
    let mut case = TestCase::new(format!("{id}{at}"), status);
    case.set_classname(file);
    if !is_failure(finding) {
        case.set_system_out(text);
    }
    (file, case)
}
