import { expect, test } from "vitest";
import { webhookSecrets } from "./webhook-secrets.ts";

test("services prove themselves by the entries of the installation's Secret, which may name each other", () => {
  const entries = {
    "webhook.github.secret": "one\n",
    "webhook.gitlab.secret": "$shared",
    "webhook.gogs.secret": "",
    "webhook.bitbucket.uuid": "$absent",
    "webhook.azuredevops.username": "ada",
    "webhook.azuredevops.password": "pass",
    shared: "two",
  };
  const wanted = { github: "one", gitlab: "two", bitbucket: "$absent", azuredevops: "ada:pass" };
  expect(webhookSecrets(entries)).toEqual(wanted);
  expect(webhookSecrets({ "webhook.azuredevops.username": "ada" })).toEqual({});
});
