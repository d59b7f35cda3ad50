// The example app in Chromium: starting both, and what a person does on the pages.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

const root = join(import.meta.dirname, '../..')

export async function serve() {
  const folder = mkdtempSync(join(tmpdir(), 'cutover-browser-'))
  const ready = join(folder, 'ready.json')
  const python = process.env.APP_PYTHON ?? 'python3'
  const server = spawn(python, [join(root, 'tests/app/serve.py'), '--ready-file', ready], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise((resolve) => server.once('exit', resolve))
  const stop = async () => {
    server.kill('SIGTERM')
    await ended
    rmSync(folder, { recursive: true, force: true })
  }
  for (let tries = 0; tries < 600; tries++) {
    if (server.exitCode !== null) break
    try {
      return { places: JSON.parse(readFileSync(ready, 'utf8')), stop }
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  await stop()
  throw new Error('the example app did not start')
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** One person at one browser of their own. */
export class Visitor {
  static async open(browser, places, { width = 1280, height = 800, authFlow, path = '' } = {}) {
    const context = await browser.newContext({ viewport: { width, height } })
    const visitor = new Visitor()
    visitor.context = context
    visitor.places = places
    visitor.complaints = []
    visitor.page = await context.newPage()
    visitor.page.setDefaultTimeout(15_000)
    visitor.page.on('pageerror', (error) => visitor.complaints.push(String(error)))
    visitor.page.on('console', (line) => {
      // The browser itself reports each refused request; the pages show those in words.
      const refused = line.text().startsWith('Failed to load resource: the server responded')
      // Amplify says so of every endpoint that is not Cognito's own.
      const local = line.text().includes('You are using a custom Amazon')
      if (['error', 'warning'].includes(line.type()) && !refused && !local) {
        visitor.complaints.push(line.text())
      }
    })
    if (authFlow) {
      await context.route('**/api/pool', async (route) => {
        const answer = await route.fetch()
        await route.fulfill({ response: answer, json: { ...(await answer.json()), authFlow } })
      })
    }
    await visitor.page.goto(`${places.app}/${path}`)
    return visitor
  }

  /** Ends; the console must have been quiet. */
  async close() {
    await this.context.close()
    assert.deepEqual(this.complaints, [])
  }

  async fill(label, text) {
    await this.page.getByLabel(label, { exact: true }).fill(text)
  }

  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click()
  }

  async signIn(name, password) {
    await this.fill('Username or e-mail', name)
    await this.fill('Password', password)
    await this.page.locator('button.main').click()
  }

  async sees(text) {
    await this.page.getByText(text).first().waitFor()
  }

  /** What went wrong, once the form's work is done. */
  async alert() {
    await this.page.waitForFunction(() => !document.querySelector('button:disabled'))
    return (await this.page.getByRole('alert').first().textContent()).trim()
  }

  /** Signs in and proves by the API that this is the person of that row, with their rows. */
  async isPerson(name, id) {
    await this.sees(`${name}'s note from before the move`)
    await this.press('Profile')
    await this.page.locator('[data-test=since]').filter({ hasText: '20' }).waitFor()
    assert.equal(await this.page.locator('[data-test=user-id]').textContent(), id)
  }

  /** The newest code for a person, as the mailbox page shows it to people. */
  async code(username) {
    const mailbox = await this.context.newPage()
    await mailbox.goto(this.places.mailbox)
    const letter = mailbox.locator('article').filter({ hasText: `(${username})` }).first()
    const code = await letter.locator('b').textContent()
    await this.photograph('mailbox', mailbox)
    await mailbox.close()
    return code
  }

  /** For people to look at, where SCREENSHOTS names a folder. */
  async photograph(name, page = this.page) {
    const folder = process.env.SCREENSHOTS
    if (folder) await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  }

  storedToken(kind) {
    return this.page.evaluate(
      (kind) => Object.entries(localStorage).find(([key]) => key.endsWith(kind))?.[1],
      kind,
    )
  }
}
