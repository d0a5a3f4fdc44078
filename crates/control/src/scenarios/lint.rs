//! What looks wrong with a scenario: what can be told of its steps, and what its block lists say.

use policy::{Lint, ProcessList, Severity, VersionRanges, misspelt_value_name};
use simulator::{
    BlockList, Finding, FindingSeverity, RegistryData, Scenario, Step, StepAction, lint,
};

/// What looks wrong with a scenario, in the order of its steps.
#[must_use]
pub fn lint_scenario(scenario: &Scenario) -> Vec<Finding> {
    let mut findings = lint(scenario);
    for (index, step) in scenario.steps.iter().enumerate() {
        let after = scenario.steps.get(index..).unwrap_or_default();
        if let StepAction::Block { lists, .. } = &step.action {
            for (list, text) in lists {
                let place = format!("/steps/{index}/block/{}", field(*list));
                findings.extend(of_text(*list, text, &place, after));
            }
        } else if let StepAction::SetValue { at, value } = &step.action {
            let place = format!("/steps/{index}/set_value");
            match (list_of(&at.name), &value.data) {
                (Some(list), RegistryData::Text(text)) => {
                    findings.extend(of_text(list, text, &format!("{place}/data"), after));
                }
                (Some(_), RegistryData::Number(_) | RegistryData::Texts(_)) => {}
                (None, _) => findings.push(of_name(&at.name, format!("{place}/name"))),
            }
        } else if let StepAction::DeleteValue { at } = &step.action
            && list_of(&at.name).is_none()
        {
            findings.push(of_name(&at.name, format!("/steps/{index}/delete_value/name")));
        }
    }
    findings.sort_by_key(|finding| step_of(&finding.pointer));
    findings
}

/// The lints of a list's text, unless a later step looks at them: then they are what the scenario is about.
fn of_text(list: BlockList, text: &str, place: &str, after: &[Step]) -> Vec<Finding> {
    let looked_at = after.iter().any(|step| {
        let StepAction::Expect(look) = &step.action else { return false };
        look.lints.iter().any(|lints| lints.list == list)
    });
    if looked_at {
        return Vec::new();
    }
    let lints = match list {
        BlockList::Processes => ProcessList::parse(text).lints,
        BlockList::Versions => VersionRanges::parse(text).lints,
    };
    let lints = lints.into_iter().filter(|lint| lint.severity != Severity::Info);
    lints.map(|lint| of_lint(lint, place)).collect()
}

/// The list may be so on purpose: whoever reads it is only told.
fn of_lint(lint: Lint, place: &str) -> Finding {
    Finding {
        code: lint.code.as_str(),
        severity: FindingSeverity::Warning,
        pointer: place.to_owned(),
        message: lint.message,
        hint: lint.hint,
    }
}

fn of_name(name: &str, pointer: String) -> Finding {
    let hint = match misspelt_value_name(name) {
        Some(list) => format!("did you mean `{}`?", list.value_name()),
        None => {
            let [one, other] = policy::BlockList::ALL.map(policy::BlockList::value_name);
            format!("it reads `{one}` and `{other}`")
        }
    };
    Finding {
        code: "unread-value",
        severity: FindingSeverity::Warning,
        pointer,
        message: format!("the store does not read a value `{name}`"),
        hint,
    }
}

fn list_of(name: &str) -> Option<BlockList> {
    let list = policy::BlockList::ALL
        .into_iter()
        .find(|list| list.value_name().eq_ignore_ascii_case(name))?;
    Some(match list {
        policy::BlockList::Processes => BlockList::Processes,
        policy::BlockList::Versions => BlockList::Versions,
    })
}

fn field(list: BlockList) -> &'static str {
    match list {
        BlockList::Processes => "processes",
        BlockList::Versions => "versions",
    }
}

/// The number of the step that a pointer leads to; what is about the whole comes last.
fn step_of(pointer: &str) -> usize {
    let step = pointer.strip_prefix("/steps/").and_then(|rest| rest.split('/').next());
    step.and_then(|step| step.parse().ok()).unwrap_or(usize::MAX)
}
