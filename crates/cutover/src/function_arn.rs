//! The ARN of a Lambda function, or of an alias of one, as typed. Checked before it reaches a
//! pool: Cognito takes any, and then no sign-in works.

use crate::exit_status::Failure;

/// `arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME[:ALIAS]`.
#[derive(Debug)]
pub(crate) struct FunctionArn {
    text: String,
    region: String,
}

impl FunctionArn {
    pub(crate) fn parse(text: &str) -> Result<FunctionArn, Failure> {
        let parts: Vec<_> = text.split(':').collect();
        let well_formed = match parts[..] {
            [
                "arn",
                partition,
                "lambda",
                region,
                account,
                "function",
                name,
                ref qualifier @ ..,
            ] => {
                let account_id = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
                partition.starts_with("aws")
                    && !region.is_empty()
                    && account_id
                    && is_name(name)
                    && match qualifier {
                        [] => true,
                        [qualifier] => *qualifier == "$LATEST" || is_name(qualifier),
                        _ => false,
                    }
            }
            _ => false,
        };
        if !well_formed {
            return Err(Failure::usage("--function-arn is no ARN of a Lambda function").hint(
                "it looks like arn:aws:lambda:eu-west-1:123456789012:function:NAME, with :ALIAS \
                 behind it for an alias; the stack's output FunctionArn has it",
            ));
        }
        Ok(FunctionArn {
            region: parts[3].to_owned(),
            text: text.to_owned(),
        })
    }

    /// Refuses a function of another Region: Cognito calls functions of its own Region alone.
    pub(crate) fn in_region(self, region: &str) -> Result<FunctionArn, Failure> {
        if self.region == region {
            return Ok(self);
        }
        Err(Failure::usage(format!(
            "the function is in {}, the user pool in {region}",
            self.region
        ))
        .hint("deploy the function into the pool's Region"))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_or_its_alias_is_taken_and_nothing_else() {
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:cutover";
        for good in [
            function.to_owned(),
            format!("{function}:live"),
            format!("{function}:$LATEST"),
            function.replace("aws:", "aws-us-gov:"),
        ] {
            assert!(FunctionArn::parse(&good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "cutover",
            "arn:aws:iam::123456789012:role/cutover",
            "arn:aws:lambda:eu-west-1:123:function:cutover",
            "arn:aws:lambda:eu-west-1:123456789012:layer:cutover",
            "arn:aws:lambda:eu-west-1:123456789012:function:",
            "arn:aws:lambda:eu-west-1:123456789012:function:cutover:live:1",
            "arn:aws:lambda:eu-west-1:123456789012:function:cut over",
        ] {
            assert!(FunctionArn::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_function_of_another_region_is_refused() {
        let arn = || {
            FunctionArn::parse("arn:aws:lambda:eu-west-1:123456789012:function:cutover")
                .expect("well-formed")
        };
        assert!(arn().in_region("eu-west-1").is_ok());
        assert!(arn().in_region("us-east-1").is_err());
    }
}
