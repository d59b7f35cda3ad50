// The story of the example app, as people live it. Each person appears in one test, but for the
// last, which needs everybody who is left.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Visitor, launch, serve } from './app.js'
import { Pool } from './pool.js'

const WRONG = 'Name or password is wrong.'
const NEW = 'Brand-New-Word-1'
let app, browser, pool

before(async () => {
  ;[app, browser] = await Promise.all([serve(), launch()])
  pool = new Pool(app.places)
})

after(async () => {
  await browser?.close()
  await app?.stop()
})

async function visit(task, options) {
  const visitor = await Visitor.open(browser, app.places, options)
  await task(visitor)
  await visitor.close()
}

test('the old password signs in at first sight, to the same row and its data', async () => {
  assert.equal(await pool.user('ines'), undefined)
  await visit(async (ines) => {
    await ines.photograph('sign-in-desk')
    await ines.signIn('ines', 'Amber-Lantern-63')
    await ines.sees("Ines's note")
    await ines.photograph('notes-desk')
    await ines.isPerson('Ines', pool.id('ines'))
    await ines.photograph('profile-desk')
  })
  assert.equal((await pool.user('ines')).UserStatus, 'CONFIRMED')
  const links = pool.rows('select sub, origin from cutover_django_cognitolink where user_id = ?', pool.id('ines'))
  const attributes = (await pool.user('ines')).UserAttributes
  assert.deepEqual(links, [[attributes.find(({ Name }) => Name === 'sub').Value, 'proven-claim']])
})

test('a wrong password and an unknown name are refused alike, and nobody is made', async () => {
  await visit(async (visitor) => {
    for (const name of ['hugo', 'nobody']) {
      await visitor.signIn(name, 'Wrong-Password-1')
      assert.equal(await visitor.alert(), WRONG)
      assert.equal(await pool.user(name), undefined)
    }
    await visitor.photograph('refused-desk')
  })
})

test('pages open by group and by permission of Django', async () => {
  for (const [name, password, opens, denied] of [
    ['vera', 'Copper-Kettle-41', 'Newsroom', 'Figures'],
    ['otto', 'Willow-Harbour-52', 'Figures', 'Newsroom'],
  ]) {
    await visit(async (visitor) => {
      await visitor.signIn(name, password)
      await visitor.press(denied)
      assert.equal(await visitor.alert(), 'This page is not open to you.')
      await visitor.photograph(`denied-${denied.toLowerCase()}-phone`)
      await visitor.press(opens)
      await visitor.page.locator('.content').filter({ hasText: /\w/ }).waitFor()
      await visitor.photograph(`${opens.toLowerCase()}-phone`)
      assert.equal(await visitor.page.getByRole('alert').count(), 0)
    }, { width: 390, height: 844 })
  }
})

test('an expired session refreshes by itself', async () => {
  await visit(async (ines) => {
    await ines.signIn('ines', 'Amber-Lantern-63')
    await ines.sees("Ines's note")
    const before = await ines.storedToken('accessToken')
    await ines.page.clock.setFixedTime(Date.now() + 6 * 60_000)
    await ines.fill('New note', 'written after six minutes')
    await ines.press('Add')
    await ines.page.getByRole('listitem').filter({ hasText: 'after six minutes' }).waitFor()
    assert.notEqual(await ines.storedToken('accessToken'), before)
  })
})

test('forgot password before the first sign-in leads to the same row', async () => {
  await visit(async (hugo) => {
    await hugo.press('Forgot password?')
    await hugo.fill('Username or e-mail', 'hugo')
    await hugo.press('Send code')
    await hugo.sees('a code is on its way')
    await hugo.photograph('forgot-phone')
    await hugo.fill('Code', await hugo.code('hugo'))
    await hugo.fill('New password', NEW)
    await hugo.press('Save password')
    await hugo.sees('Your new password works now.')
    await hugo.signIn('hugo', 'Marble-Orchard-74')
    assert.equal(await hugo.alert(), WRONG)
    await hugo.signIn('hugo', NEW)
    await hugo.isPerson('Hugo', pool.id('hugo'))
    await hugo.photograph('profile-phone')
  }, { width: 390, height: 844 })
})

test('who registers confirms by a code and is a new row', async () => {
  await visit(async (nina) => {
    await nina.press('Register')
    await nina.fill('Username', 'nina')
    await nina.fill('E-mail', 'nina@example.org')
    await nina.fill('Password', NEW)
    await nina.photograph('register-phone')
    await nina.press('Register')
    await nina.sees('We sent you a code.')
    await nina.fill('Code', await nina.code('nina'))
    await nina.press('Confirm')
    await nina.sees('Welcome. Sign in now.')
    await nina.signIn('nina', NEW)
    await nina.sees('You have no notes yet.')
    await nina.photograph('notes-phone')
  }, { width: 390, height: 844 })
  assert.deepEqual(pool.rows("select origin from cutover_django_cognitolink where origin = 'native'"), [['native']])
})

test('nobody takes the name or address of somebody who has not moved yet', async () => {
  await visit(async (visitor) => {
    await visitor.press('Register')
    for (const [name, email] of [['rosa', 'new@example.org'], ['newcomer', 'rosa@example.org']]) {
      await visitor.fill('Username', name)
      await visitor.fill('E-mail', email)
      await visitor.fill('Password', NEW)
      await visitor.press('Register')
      assert.match(await visitor.alert(), /belongs to somebody already/)
      assert.equal(await pool.user(name), undefined)
    }
  })
})

test('a legacy id of one’s own making is refused', async () => {
  const { client_id: ClientId } = app.places
  const forged = [{ Name: 'custom:legacy_id', Value: '1' }]
  await assert.rejects(
    pool.call('SignUp', { ClientId, Username: 'mallory', Password: NEW, UserAttributes: forged }, false),
    { name: 'NotAuthorizedException' },
  )
  assert.equal(await pool.user('mallory'), undefined)
  const { AuthenticationResult } = await pool.call('InitiateAuth', {
    ClientId,
    AuthFlow: 'USER_PASSWORD_AUTH',
    AuthParameters: { USERNAME: 'nina', PASSWORD: NEW },
  }, false)
  const { AccessToken } = AuthenticationResult
  await assert.rejects(
    pool.call('UpdateUserAttributes', { AccessToken, UserAttributes: forged }, false),
    { name: 'NotAuthorizedException' },
  )
  const held = (await pool.user('nina')).UserAttributes.map(({ Name }) => Name)
  assert.ok(!held.includes('custom:legacy_id'))
})

test('sign-out ends here, global sign-out everywhere', async () => {
  await visit(async (first) => {
    await first.signIn('ines', 'Amber-Lantern-63')
    await first.press('Profile')
    await first.press('Sign out')
    await first.sees('You are signed out.')
    await first.page.reload()
    await first.page.getByRole('heading', { name: 'Sign in' }).waitFor()
    await first.signIn('ines', 'Amber-Lantern-63')
    await first.sees("Ines's note")
    await visit(async (second) => {
      await second.signIn('ines', 'Amber-Lantern-63')
      await second.press('Profile')
      await second.press('Sign out everywhere')
      await second.sees('signed out on every device')
    })
    // The token itself lives to its end; the sensitive view asks the pool.
    await first.press('Profile')
    await first.sees('Your session has ended. Sign in again.')
    await first.page.getByRole('heading', { name: 'Sign in' }).waitFor()
  })
})

test('pages have addresses: reloading and going back work', async () => {
  await visit(async (ines) => {
    await ines.signIn('ines', 'Amber-Lantern-63')
    await ines.sees("Ines's note")
    await ines.press('Profile')
    await ines.sees('Member since')
    await ines.page.reload()
    await ines.sees('Member since')
    await ines.page.goBack()
    await ines.sees("Ines's note")
  })
})

test('a password changes', async () => {
  await visit(async (nina) => {
    await nina.signIn('nina', NEW)
    await nina.press('Profile')
    await nina.fill('Old password', NEW)
    await nina.fill('New password', 'Another-Word-2')
    await nina.press('Save password')
    await nina.sees('Your new password works now.')
    await nina.press('Sign out')
    await nina.signIn('nina', NEW)
    assert.equal(await nina.alert(), WRONG)
    await nina.signIn('nina', 'Another-Word-2')
    await nina.sees('You have no notes yet.')
  })
})

test('who was given a password chooses their own at once', async () => {
  await pool.admin('AdminCreateUser', {
    Username: 'tina',
    TemporaryPassword: 'Given-Once-1',
    MessageAction: 'SUPPRESS',
    UserAttributes: [{ Name: 'email', Value: 'tina@example.org' }],
  })
  await visit(async (tina) => {
    await tina.signIn('tina', 'Given-Once-1')
    await tina.sees('Choose a new password')
    await tina.fill('New password', NEW)
    await tina.press('Save and sign in')
    await tina.sees('You have no notes yet.')
  })
  assert.equal((await pool.user('tina')).UserStatus, 'CONFIRMED')
})

test('SRP moves nobody, and works for who has moved', async () => {
  const srp = { authFlow: 'USER_SRP_AUTH' }
  await visit(async (olga) => {
    await olga.signIn('olga', 'Silver-Meadow-85')
    assert.equal(await olga.alert(), WRONG)
    assert.equal(await pool.user('olga'), undefined)
  }, srp)
  await visit(async (olga) => {
    await olga.signIn('olga', 'Silver-Meadow-85')
    await olga.sees("Olga's note")
  })
  await visit(async (olga) => {
    await olga.signIn('olga', 'Silver-Meadow-85')
    await olga.isPerson('Olga', pool.id('olga'))
  }, srp)
})

test('USER_AUTH with PASSWORD signs in who has moved, and moves nobody', async () => {
  const choice = { authFlow: 'USER_AUTH' }
  await visit(async (lena) => {
    await lena.signIn('lena', 'Saffron-Bridge-29')
    assert.equal(await lena.alert(), WRONG)
    assert.equal(await pool.user('lena'), undefined)
  }, choice)
  await visit(async (lena) => {
    await lena.signIn('lena', 'Saffron-Bridge-29')
    await lena.sees("Lena's note")
  })
  await visit(async (lena) => {
    await lena.signIn('lena', 'Saffron-Bridge-29')
    await lena.isPerson('Lena', pool.id('lena'))
  }, choice)
})

test('AWS’s Authenticator moves somebody, with handleSignIn overridden', async () => {
  await visit(async (emil) => {
    await emil.fill('Username', 'emil')
    await emil.fill('Password', 'Ginger-Window-18')
    await emil.photograph('authenticator-desk')
    await emil.page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await emil.press('Who am I to Django?')
    await emil.sees(`Emil, user ${pool.id('emil')}`)
    await emil.press('Sign out')
    await emil.page.getByRole('button', { name: 'Sign in', exact: true }).waitFor()
  }, { path: 'authenticator.html' })
  assert.equal((await pool.user('emil')).UserStatus, 'CONFIRMED')
})

test('a hash import keeps password and row', async () => {
  await pool.importHash('rosa')
  assert.notEqual(await pool.user('rosa'), undefined)
  await visit(async (rosa) => {
    await rosa.signIn('rosa', 'Wrong-Password-1')
    assert.equal(await rosa.alert(), WRONG)
    await rosa.signIn('rosa', 'Cobalt-Feather-07')
    await rosa.isPerson('Rosa', pool.id('rosa'))
  })
})

test('import and reset lead to the same row', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-import-'))
  const { config, endpoint, region, user_pool_id } = app.places
  const program = join(import.meta.dirname, '../../target/debug/cutover')
  execFileSync(program, [
    '--config', config, 'import', '--execute', '--approve-password-reset',
    '--endpoint-url', endpoint, '--region', region, '--user-pool-id', user_pool_id,
  ], {
    cwd: folder,
    stdio: 'pipe',
    env: { ...process.env, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
  })
  rmSync(folder, { recursive: true })
  await visit(async (paul) => {
    await paul.signIn('paul', 'Velvet-Compass-96')
    assert.equal(await paul.alert(), WRONG)
    await paul.press('Forgot password?')
    await paul.press('Send code')
    await paul.sees('a code is on its way')
    await paul.fill('Code', await paul.code('paul'))
    await paul.fill('New password', NEW)
    await paul.press('Save password')
    await paul.sees('Your new password works now.')
    await paul.signIn('paul', NEW)
    await paul.isPerson('Paul', pool.id('paul'))
  })
})
