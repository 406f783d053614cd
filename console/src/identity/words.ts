/** What a failed sign-in means to the person in front of it. */
import { IdentityError } from "./cognito";

const WORDS: Record<string, string> = {
  // One text for both, or the form would tell strangers which addresses have accounts.
  NotAuthorizedException: "The e-mail or the password is not right. Check both and try again.",
  UserNotFoundException: "The e-mail or the password is not right. Check both and try again.",
  UserNotConfirmedException: "This account is not confirmed yet. Open the link in your invitation first.",
  PasswordResetRequiredException: "Your password has to be reset. Ask your administrator for a new invitation.",
  TooManyRequestsException: "Too many attempts. Wait a minute and try again.",
  LimitExceededException: "Too many attempts. Wait a few minutes and try again.",
  CodeMismatchException: "That code is not right. Enter the newest one.",
  ExpiredCodeException: "That code has expired. Sign in again to get a new one.",
  Unreachable: "The sign-in service cannot be reached. Check your connection and try again.",
};

export function signInProblem(error: unknown): string {
  if (!(error instanceof IdentityError)) return "Something went wrong on our side. Try again in a moment.";
  if (error.code === "InvalidPasswordException") {
    // Cognito's own sentence names the rule that was broken.
    return error.message.replace(/^Password did not conform with policy: /, "Choose another password: ");
  }
  // A locked account has the same exception as a wrong password; only its sentence differs.
  if (/attempts exceeded/i.test(error.message)) return "Too many attempts. Wait a few minutes and try again.";
  if (/disabled/i.test(error.message)) return "This account is disabled. Ask your administrator.";
  if (/session/i.test(error.message)) return "That took too long. Sign in again from the start.";
  return WORDS[error.code] ?? "Signing in did not work. Try again in a moment.";
}
