// The pool as an operator has it, and the back end's database: what tests assert on.
import { execFileSync } from 'node:child_process'

const SIGNATURE =
  'AWS4-HMAC-SHA256 Credential=LOCAL/20260101/eu-west-1/cognito-idp/aws4_request, ' +
  `SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`

export class Pool {
  constructor(places) {
    this.places = places
  }

  /** An operation's answer; an error has the service's own name. */
  async call(operation, input, signed = true) {
    const answer = await fetch(this.places.endpoint, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-amz-json-1.1',
        'X-Amz-Target': `AWSCognitoIdentityProviderService.${operation}`,
        ...(signed ? { Authorization: SIGNATURE } : {}),
      },
      body: JSON.stringify(input),
    })
    const body = await answer.json()
    if (!answer.ok) throw Object.assign(new Error(body.message), { name: body.__type })
    return body
  }

  admin(operation, input) {
    return this.call(operation, { UserPoolId: this.places.user_pool_id, ...input })
  }

  async user(name) {
    try {
      return await this.admin('AdminGetUser', { Username: name })
    } catch (error) {
      if (error.name === 'UserNotFoundException') return undefined
      throw error
    }
  }

  /** Imports one person with the hash that Django has of them, as an import job does. */
  async importHash(username) {
    const [[id, encoded, email]] = this.rows(
      'select id, password, email from auth_user where username = ?',
      username,
    )
    const [, iterations, salt, digest] = encoded.split('$')
    const bare = (text) => text.replace(/=+$/, '')
    const hash = `$pbkdf2-sha256$${iterations}$${bare(Buffer.from(salt).toString('base64'))}$${bare(digest)}`
    const { UserImportJob: job } = await this.admin('CreateUserImportJob', {
      JobName: 'browser',
      CloudWatchLogsRoleArn: 'arn:aws:iam::123456789012:role/Import',
      PasswordHashingAlgorithm: 'PBKDF2_SHA256',
    })
    const file = [
      'cognito:username,email,email_verified,custom:legacy_id,password_hash',
      `${username},${email},TRUE,${id},${hash}`,
    ].join('\n')
    const upload = await fetch(job.PreSignedUrl, {
      method: 'PUT',
      headers: { 'x-amz-server-side-encryption': 'aws:kms' },
      body: file,
    })
    if (!upload.ok) throw new Error(`the file was refused: ${upload.status}`)
    await this.admin('StartUserImportJob', { JobId: job.JobId })
    for (;;) {
      const { UserImportJob: told } = await this.admin('DescribeUserImportJob', {
        JobId: job.JobId,
      })
      if (told.Status === 'Succeeded' && told.ImportedUsers === 1) return
      if (!['Pending', 'InProgress', 'Stopping'].includes(told.Status)) {
        throw new Error(`the import ended so: ${JSON.stringify(told)}`)
      }
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Rows of the back end's database. */
  rows(query, ...values) {
    const program =
      'import json,sqlite3,sys;d=sqlite3.connect(f"file:{sys.argv[1]}?mode=ro",uri=True);' +
      'print(json.dumps(d.execute(sys.argv[2],json.loads(sys.argv[3])).fetchall()))'
    const { database } = this.places
    return JSON.parse(
      execFileSync('python3', ['-c', program, database, query, JSON.stringify(values)], {
        encoding: 'utf8',
      }),
    )
  }

  id(username) {
    return String(this.rows('select id from auth_user where username = ?', username)[0]?.[0])
  }
}
