// The clients that front ends use, at one pool: amazon-cognito-identity-js signs in, aws-jwt-verify
// checks the tokens. Standard input is one JSON object: endpoint, user_pool_id, client_id, username
// and password of somebody who is in the pool, and `invited`, somebody with a temporary password.
// Prints one JSON object: what each attempt came to. With `flows`, a list, it only signs in by each of
// these in turn, and prints the list of errors.

"use strict";

const { AuthenticationDetails, CognitoUser, CognitoUserPool } = require("amazon-cognito-identity-js");
const { JwtRsaVerifier } = require("aws-jwt-verify");

/** Signs in; `again` is the password to set when Cognito asks for a new one. */
function signIn(pool, { flow, username, password, again }) {
  const user = new CognitoUser({ Username: username, Pool: pool });
  user.setAuthenticationFlowType(flow);
  const details = new AuthenticationDetails({ Username: username, Password: password });
  return new Promise((resolve) => {
    let challenge = null;
    const callbacks = {
      onSuccess: (session) => resolve({ user, session, challenge }),
      onFailure: (error) => resolve({ user, error: error.code || error.name, challenge }),
      newPasswordRequired: () => {
        challenge = "NEW_PASSWORD_REQUIRED";
        user.completeNewPasswordChallenge(again, {}, callbacks);
      },
    };
    user.authenticateUser(details, callbacks);
  });
}

function refresh(user, session) {
  return new Promise((resolve) => {
    user.refreshSession(session.getRefreshToken(), (error, renewed) =>
      resolve(error ? { error: error.code || error.name } : { session: renewed }),
    );
  });
}

async function main(ask) {
  const issuer = `${ask.endpoint}/${ask.user_pool_id}`;
  const keys = await (await fetch(`${issuer}/.well-known/jwks.json`)).json();
  const verifier = (audience) => {
    const verifier = JwtRsaVerifier.create({ issuer, audience, jwksUri: `${issuer}/jwks` });
    verifier.cacheJwks(keys);
    return verifier;
  };
  const [ids, accesses] = [verifier(ask.client_id), verifier(null)];
  const verified = ({ session }) => ({
    id: ids.verifySync(session.getIdToken().getJwtToken()).token_use,
    access: accesses.verifySync(session.getAccessToken().getJwtToken()).client_id === ask.client_id,
  });
  const outcome = (attempt) => ({
    challenge: attempt.challenge || null,
    error: attempt.error || null,
    tokens: attempt.session ? verified(attempt) : null,
  });

  const pool = new CognitoUserPool({
    UserPoolId: ask.user_pool_id,
    ClientId: ask.client_id,
    endpoint: ask.endpoint,
  });
  const { username, password } = ask;
  if (ask.flows) {
    const errors = [];
    for (const flow of ask.flows) {
      errors.push(outcome(await signIn(pool, { flow, username, password })).error);
    }
    console.log(JSON.stringify(errors));
    return;
  }
  const srp = await signIn(pool, { flow: "USER_SRP_AUTH", username, password });
  const outcomes = { srp: outcome(srp) };
  outcomes.refreshed = srp.session ? outcome(await refresh(srp.user, srp.session)) : null;
  for (const flow of ["USER_SRP_AUTH", "USER_PASSWORD_AUTH"]) {
    const attempt = (word) => signIn(pool, { flow, username, password: word }).then(outcome);
    outcomes[`right ${flow}`] = await attempt(password);
    outcomes[`wrong ${flow}`] = await attempt(`${password} not`);
  }
  const { invited } = ask;
  outcomes.invited = outcome(await signIn(pool, { flow: "USER_SRP_AUTH", ...invited }));
  const tampered = srp.session.getIdToken().getJwtToken().split(".");
  tampered[1] = Buffer.from(JSON.stringify({ sub: "somebody else" })).toString("base64url");
  try {
    ids.verifySync(tampered.join("."));
    outcomes.tampered = "accepted";
  } catch (error) {
    outcomes.tampered = error.constructor.name;
  }
  console.log(JSON.stringify(outcomes));
}

let input = "";
process.stdin.on("data", (chunk) => (input += chunk));
process.stdin.on("end", () => main(JSON.parse(input)));
