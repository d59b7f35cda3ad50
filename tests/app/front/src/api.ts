// The back end, called with the access token. It must not know Cognito beyond that.
import { accessToken } from './cognito'

export interface Person {
  id: number
  username: string
  name: string
  groups: string[]
  permissions: string[]
}

export interface Note {
  id: number
  text: string
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    detail: string,
  ) {
    super(detail)
  }
}

let sessionEnded = () => {}

/** Called when nothing but signing in again helps: signed out elsewhere, disabled, too long away. */
export function onSessionEnd(task: () => void): void {
  sessionEnded = task
}

async function call<Answer>(path: string, body?: unknown): Promise<Answer> {
  let answer = await send(path, body)
  // The token may have ended on the way: once more with a new one.
  if (answer.status === 401) answer = await send(path, body, true)
  if (answer.status === 401) sessionEnded()
  const content = await answer.json().catch(() => ({}))
  if (!answer.ok) throw new ApiError(answer.status, content.detail ?? 'That did not work.')
  return content as Answer
}

async function send(path: string, body: unknown, forceRefresh = false): Promise<Response> {
  const token = await accessToken(forceRefresh)
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {}
  if (body === undefined) return fetch(`/api/${path}`, { headers })
  headers['Content-Type'] = 'application/json'
  return fetch(`/api/${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
}

export const api = {
  me: () => call<Person>('me'),
  notes: () => call<Note[]>('notes'),
  addNote: (text: string) => call<Note>('notes', { text }),
  newsroom: () => call<{ headline: string }>('newsroom'),
  figures: () => call<{ notes: number }>('figures'),
  account: () => call<{ member_since: string }>('account'),
}
