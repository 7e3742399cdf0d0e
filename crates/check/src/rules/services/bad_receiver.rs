//! A receiver of alerts that nobody could be told by.

use crate::codes;
use crate::facts::Facts;
use crate::rule::Findings;
use diag::Diagnostic;

pub(crate) fn run(facts: &Facts<'_>, out: &mut Findings) {
    for (name, receiver) in facts.fleet.alerts.iter().flat_map(|a| &a.receivers) {
        if receiver.webhook.is_none() && receiver.email.is_none() {
            out.push(
                Diagnostic::error(
                    codes::BAD_RECEIVER,
                    &receiver.place,
                    format!("receiver `{name}` has no way to be told"),
                )
                .help("write its `webhook` or its `email`"),
            );
        }
        if let Some(webhook) = &receiver.webhook
            && !webhook.starts_with("https://")
            && !webhook.starts_with("http://")
        {
            let message = format!("`{}` is no URL of a webhook", webhook.value);
            out.push(
                Diagnostic::error(codes::BAD_RECEIVER, &webhook.place, message)
                    .help("it begins with https://"),
            );
        }
        if let Some(email) = &receiver.email
            && !email.split_once('@').is_some_and(|(who, at)| !who.is_empty() && !at.is_empty())
        {
            let message = format!("`{}` is no mail address", email.value);
            out.push(Diagnostic::error(codes::BAD_RECEIVER, &email.place, message));
        }
    }
}
