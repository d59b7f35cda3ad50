// Everything of Cognito: where the pool is, and the session. It must not know pages.
import { Amplify } from 'aws-amplify'
import {
  confirmResetPassword,
  confirmSignIn,
  confirmSignUp,
  fetchAuthSession,
  resetPassword,
  signIn as amplifySignIn,
  signOut as amplifySignOut,
  signUp,
  updatePassword,
} from 'aws-amplify/auth'

export type AuthFlow = 'USER_PASSWORD_AUTH' | 'USER_SRP_AUTH' | 'USER_AUTH'

interface PoolSettings {
  userPoolId: string
  clientId: string
  /** The local pool's; absent for the real one. */
  endpoint?: string
  /** USER_PASSWORD_AUTH while people move: SRP never asks the migration trigger. */
  authFlow: AuthFlow
}

let authFlow: AuthFlow = 'USER_PASSWORD_AUTH'

/** How passwords travel at sign-in, as the back end says. */
export const signInFlow = (): AuthFlow => authFlow

export async function configure(): Promise<void> {
  const answer = await fetch('/api/pool')
  if (!answer.ok) throw new Error('The app cannot be reached.')
  const pool: PoolSettings = await answer.json()
  authFlow = pool.authFlow
  Amplify.configure({
    Auth: {
      Cognito: {
        userPoolId: pool.userPoolId,
        userPoolClientId: pool.clientId,
        ...(pool.endpoint ? { userPoolEndpoint: pool.endpoint } : {}),
      },
    },
  })
}

/** The access token, refreshed when it has run out. The ID token is not for APIs. */
export async function accessToken(forceRefresh = false): Promise<string | undefined> {
  const { tokens } = await fetchAuthSession({ forceRefresh })
  return tokens?.accessToken.toString()
}

/** What has to happen before somebody is signed in. */
export type Next = 'done' | 'new-password' | 'confirm-sign-up' | 'reset-password'

export async function signIn(username: string, password: string): Promise<Next> {
  const preferredChallenge = authFlow === 'USER_AUTH' ? 'PASSWORD' : undefined
  const { nextStep } = await amplifySignIn({
    username,
    password,
    options: { authFlowType: authFlow, preferredChallenge },
  })
  switch (nextStep.signInStep) {
    case 'DONE':
      return 'done'
    case 'CONFIRM_SIGN_IN_WITH_NEW_PASSWORD_REQUIRED':
      return 'new-password'
    case 'CONFIRM_SIGN_UP':
      return 'confirm-sign-up'
    case 'RESET_PASSWORD':
      return 'reset-password'
    default:
      throw new Error('This account signs in in a way that this app does not know.')
  }
}

export async function setNewPassword(password: string): Promise<void> {
  await confirmSignIn({ challengeResponse: password })
}

export async function register(username: string, email: string, password: string): Promise<void> {
  await signUp({ username, password, options: { userAttributes: { email } } })
}

export async function confirmRegistration(username: string, code: string): Promise<void> {
  await confirmSignUp({ username, confirmationCode: code })
}

export async function forgotPassword(username: string): Promise<void> {
  await resetPassword({ username })
}

export async function finishForgotPassword(
  username: string,
  code: string,
  newPassword: string,
): Promise<void> {
  await confirmResetPassword({ username, confirmationCode: code, newPassword })
}

export async function changePassword(oldPassword: string, newPassword: string): Promise<void> {
  await updatePassword({ oldPassword, newPassword })
}

/** Everywhere ends the refresh tokens of every device; access tokens live on until their `exp`. */
export async function signOut(everywhere = false): Promise<void> {
  await amplifySignOut({ global: everywhere })
}
