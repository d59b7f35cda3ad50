"""Django on Amazon Cognito, with the users brought along."""
