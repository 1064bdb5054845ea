const SSH_URL = /^(ssh:\/\/)?[^/:]*@[^@]+$/;

/** The form in which repository URLs are compared: lower case, without `.git`, with one spelling for SSH. */
export function comparableUrl(url: string): string {
  let text = url.trim().toLowerCase();
  if (SSH_URL.test(text) && !text.startsWith("ssh://")) text = text.replace(":", "/");
  return text.replace(/\.git$/, "").replace(/^ssh:\/\//, "");
}
