// The same trigger in Node, as a team would write it: pg, crypto.pbkdf2, one connection, a loop
// over the Lambda Runtime API as Lambda's own Node runtime has it. Sign-in alone, PBKDF2 alone.
const crypto = require("node:crypto");
const http = require("node:http");
const { promisify } = require("node:util");
const { Client } = require("pg");

const pbkdf2 = promisify(crypto.pbkdf2);
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const agent = new http.Agent({ keepAlive: true });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const headers = body ? { "Content-Length": Buffer.byteLength(body) } : {};
    const request = http.request({ host, port, method, path, agent, headers }, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("end", () => resolve({ response, body: Buffer.concat(parts) }));
      response.on("error", reject);
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function matches(password, encoded) {
  const [algorithm, iterations, salt, hash] = encoded.split("$");
  if (algorithm !== "pbkdf2_sha256") throw new Error("unsupported");
  const wanted = Buffer.from(hash, "base64");
  const made = await pbkdf2(password, salt, Number(iterations), wanted.length, "sha256");
  return crypto.timingSafeEqual(made, wanted);
}

async function answer(database, event) {
  const found = await database.query(
    "select id, username, email, password, is_active, first_name, last_name from auth_user where username = $1",
    [event.userName],
  );
  const user = found.rows[0];
  if (!user || !user.is_active || !(await matches(event.request.password, user.password))) {
    event.response = {};
    return event;
  }
  event.response = {
    userAttributes: {
      username: user.username,
      email: user.email,
      given_name: user.first_name,
      family_name: user.last_name,
      "custom:legacy_id": String(user.id),
    },
    finalUserStatus: "CONFIRMED",
    messageAction: "SUPPRESS",
  };
  return event;
}

async function main() {
  const database = new Client({ connectionString: process.env.CUTOVER_LEGACY_URL });
  await database.connect();
  for (;;) {
    const { response, body } = await call("GET", "/2018-06-01/runtime/invocation/next");
    const id = response.headers["lambda-runtime-aws-request-id"];
    const reply = JSON.stringify(await answer(database, JSON.parse(body)));
    await call("POST", `/2018-06-01/runtime/invocation/${id}/response`, reply);
  }
}

main();
