/** A setting that cannot be used. The message says what would be right, and never repeats a secret. */
export class WrongSetting extends Error {
  override readonly name = 'WrongSetting';
}
