//! Texts that people type into a request.

use mainstay_kernel::Problem;

/// Text of at most `longest` characters; blank counts as left out.
///
/// # Errors
/// When it is longer.
pub(super) fn short(field: &str, text: Option<&str>, longest: usize) -> Result<Option<String>, Problem> {
    let Some(text) = text.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > longest {
        let message = format!("must have at most {longest} characters");
        return Err(Problem::invalid("invalid-body", format!("The field `{field}` {message}.")).field(field, message));
    }
    Ok(Some(text.to_owned()))
}
