// Errors in plain words.
import { ApiError } from './api'

const WORDS: Record<string, string> = {
  // One text for a wrong password and for nobody of that name: it tells nothing.
  NotAuthorizedException: 'Name or password is wrong.',
  UserNotFoundException: 'Name or password is wrong.',
  UserLambdaValidationException: 'This name or address belongs to somebody already. Sign in instead.',
  UsernameExistsException: 'This name is taken.',
  AliasExistsException: 'This address belongs to another account.',
  CodeMismatchException: 'The code is not right. Look at the newest message.',
  ExpiredCodeException: 'The code is not right or too old. Ask for a new one.',
  InvalidPasswordException:
    'The password is too weak: 8 characters or more, with capital and small letters, a digit and a sign.',
  LimitExceededException: 'Too many tries. Wait a while.',
  TooManyRequestsException: 'Too many people at once. Try again in a moment.',
  NetworkError: 'There is no connection. Try again.',
}

export function message(error: unknown): string {
  if (error instanceof ApiError) {
    return error.status === 403 ? 'This page is not open to you.' : error.message
  }
  if (error instanceof TypeError) return 'There is no connection. Try again.'
  if (error instanceof Error) return WORDS[error.name] ?? 'That did not work. Try again.'
  return 'That did not work. Try again.'
}
