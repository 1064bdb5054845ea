import { partly, type Row, served } from "./row.ts";

const sets = "test/argocd/app-set.test.ts";
const services = "test/argocd/app-set-services.test.ts";
const generate = "src/dialects/argocd/app-set/generate.test.ts";
const plan = "src/dialects/argocd/app-set/set-plan.test.ts";
const providers = "src/dialects/argocd/app-set/providers.test.ts";
const rollout = "src/dialects/argocd/app-set/rollout.test.ts";
const settings = "src/dialects/argocd/settings-sets.test.ts";
const templates = "src/adapters/upstream/set-templates.test.ts";
const reader = "src/adapters/provider/provider-reader.test.ts";
const codeCommit = "src/adapters/provider/code-commit.test.ts";

const GENERATORS = "ApplicationSet: generators";
const TEMPLATING = "ApplicationSet: templating";
const POLICIES = "ApplicationSet: policies";
const PROGRESSIVE = "ApplicationSet: progressive syncs";

const generatorRows: readonly Row[] = [
  served(
    GENERATORS,
    "`list`: `elements`, `elementsYaml`",
    `${generate}: makes an Application of each element, in the set's namespace and with the finalizer`,
    `${generate}: takes elements of YAML besides`,
  ),
  served(
    GENERATORS,
    "`clusters`: `selector`, `values`, `flatList`, the own cluster",
    `${sets}: follows the Secrets of clusters, and a request for a fresh look`,
    `${generate}: makes an Application of each cluster and of this one`,
    `${generate}: a selector leaves this one out`,
    `${generate}: may give all clusters as one parameter`,
  ),
  served(
    GENERATORS,
    "`git`: `directories`, `exclude`",
    `${sets}: makes an Application of each folder, follows commits, and tells what became of them`,
    `${generate}: makes parameters of folders, those that begin with a dot left out`,
    `${generate}: an exclusion wins over every inclusion`,
  ),
  served(
    GENERATORS,
    "`git`: `files`, `pathParamPrefix`, `values`",
    `${generate}: makes parameters of files and what they hold, of lists several`,
    `${generate}: flattens what a file holds, and names it with a prefix where asked to`,
    `${generate}: names the file that cannot be used`,
  ),
  served(
    GENERATORS,
    "`matrix`",
    `${generate}: matrix makes every pair, the second filled in with the first`,
    `${generate}: matrix refuses a key with two values, and with Go's templates lets the first win`,
  ),
  served(
    GENERATORS,
    "`merge`, `mergeKeys`",
    `${generate}: merge keeps the first child's rows, with what others say of the same keys`,
    `${generate}: merge refuses keys that are not unique`,
  ),
  served(GENERATORS, "nesting, two levels deep", `${generate}: are nested two levels deep and no more`),
  partly(
    served(
      GENERATORS,
      "`scmProvider`: GitHub, GitLab, Gitea, Bitbucket (both), Azure DevOps",
      `${reader}: lists repositories of all pages, shows who asks, and asks for branches and paths of one`,
      `${providers}: makes parameters of each repository's default branch`,
      `${providers}: takes every branch, and leaves archived repositories out, where asked to`,
      `${providers}: the SCM provider generator`,
    ),
    "for sets of the control namespace",
  ),
  partly(
    served(
      GENERATORS,
      "`pullRequest` of the same services",
      `${services}: follows the pull requests of a service, whose last preview may go, and keeps all while it does not answer`,
      `${reader}: lists pull requests, null where there is no such repository`,
      `${providers}: makes parameters of each request, lists of labels only for Go's templates`,
    ),
    "for sets of the control namespace",
  ),
  served(
    GENERATORS,
    "which services may be asked (`enable.scm.providers`, `allowed.scm.providers`)",
    `${settings}: lists and switches are read, and what makes no sense is told`,
    `${providers}: asks only where the installation lets sets ask`,
  ),
  served(
    GENERATORS,
    "`appSecretName`: the Secret of a GitHub App",
    `${services}: asks GitHub as an app whose data a Secret holds`,
    `${providers}: asks as an app whose data a Secret of its namespace holds`,
    "src/adapters/git/github-app-tokens.test.ts: GithubAppTokens looks for the owner's installation where none is named, at the address of who asks",
  ),
  partly(
    served(
      GENERATORS,
      "`scmProvider.awsCodeCommit`: `role`, `region`, `tagFilters`, `allBranches`, `https-fips`",
      `${codeCommit}: lists repositories of all pages that something was pushed to, asked for with signed requests`,
      `${codeCommit}: finds repositories by tags, in the region of the environment and as a role, whose keys are kept`,
      `${codeCommit}: knows the default branch without asking, and asks for all pages of the others`,
      `${codeCommit}: a path of a branch`,
      `${providers}: asks CodeCommit in a region and as a role, for repositories by their tags`,
      `${providers}: names repositories of CodeCommit by their FIPS addresses where asked to`,
    ),
    "for sets of the control namespace",
  ),
  partly(
    served(
      GENERATORS,
      "`plugin`",
      `${services}: asks a service of one's own, and the status of another object`,
      `${providers}: flatten what a plugin answers where templates are not Go's`,
    ),
    "for sets of the control namespace",
  ),
  served(
    GENERATORS,
    "`clusterDecisionResource`",
    `${services}: asks a service of one's own, and the status of another object`,
    `${providers}: take the clusters that an object's status names, by name or by label`,
  ),
  partly(
    served(
      GENERATORS,
      "`selector`, `applyNestedSelectors`",
      `${generate}: leaves out what its selector does not select`,
    ),
    "nested selectors always count",
  ),
  served(GENERATORS, "`template` of a generator", `${generate}: a generator's own counts before the set's`),
  served(
    GENERATORS,
    "`requeueAfterSeconds`, annotation `application-set-refresh`",
    `${sets}: follows the Secrets of clusters, and a request for a fresh look`,
    `${sets}: keeps its Applications when a generator or a template fails, and goes on once it does not`,
  ),
  partly(
    served(
      GENERATORS,
      "webhooks for sets",
      "test/argocd/app-set-services.test.ts: makes Applications and sets look at once, of which nothing else would have told for minutes",
    ),
    "pushes for `git`, pull requests for `pullRequest`; at the same address as for Applications",
  ),
  served(
    GENERATORS,
    "too many parameters, and files and templates that are too large",
    "test/argocd/app-set-bad-input.test.ts: an ApplicationSet is told what is too much, soon and with little memory, and loses nothing:",
  ),
];

const templatingRows: readonly Row[] = [
  served(
    TEMPLATING,
    "`goTemplate` with Sprig's functions, `normalize`, `slugify`, `toYaml`, `fromYaml`",
    `${templates}: fill in texts and names of members anywhere, and leave the rest as it is`,
    `${generate}: gives Go's templates the path in parts`,
    `${templates}: cannot ask this machine`,
  ),
  served(
    TEMPLATING,
    "`goTemplateOptions`",
    `${templates}: options make what is missing an error`,
    `${sets}: keeps its Applications when a generator or a template fails, and goes on once it does not`,
  ),
  served(
    TEMPLATING,
    "`{{name}}` without `goTemplate`",
    `${generate}: refuses values that are no texts, unless templates are Go's`,
    `${generate}: makes an Application of each element, in the set's namespace and with the finalizer`,
  ),
  served(TEMPLATING, "`templatePatch`", `${generate}: a patch is merged in, null deletes, and the project stays`),
  partly(
    served(
      TEMPLATING,
      "names that are generated twice or cannot be used",
      `${sets}: leaves out what cannot be used and makes the rest, and refuses what it does not know`,
      `${generate}: names that are there twice, or are none, are left out, and the rest is made`,
    ),
    "all of a name are left out",
  ),
];

const policyRows: readonly Row[] = [
  served(
    POLICIES,
    "`syncPolicy.applicationsSync`, `applicationsetcontroller.policy`",
    `${sets}: creates, changes and deletes only what its policy lets it`,
    `${settings}: the policy is`,
  ),
  served(
    POLICIES,
    "`preserveResourcesOnDeletion`",
    `${generate}: resources that are to be preserved get no finalizer`,
    `${sets}: creates, changes and deletes only what its policy lets it`,
  ),
  served(
    POLICIES,
    "`preservedFields`, `ignoreApplicationDifferences[].jsonPointers`, kept annotations and labels of the installation",
    `${sets}: undoes changes by hand, but for what others keep, and touches only what a change of its template changes`,
    `${plan}: annotations and labels that the installation keeps stay on every app`,
  ),
  served(
    POLICIES,
    "`ignoreApplicationDifferences[].jqPathExpressions`",
    `${sets}: leaves to others what jq expressions name, and keeps all while one cannot be used`,
    `${plan}: what expressions name in each is left as it is, and what else differs is written`,
  ),
  served(
    POLICIES,
    "an error of a generator keeps all Applications",
    `${sets}: keeps its Applications when a generator or a template fails, and goes on once it does not`,
    `${plan}: deletes what is not generated any more, but nothing that was generated and cannot be used`,
  ),
  served(
    POLICIES,
    "deletions of all or of many wait for a person",
    `${sets}: holds deletions that would leave nothing, until a person approves exactly these`,
    `${plan}: holds what would leave nothing, until exactly that was approved`,
  ),
  served(
    POLICIES,
    "an Application that was deleted by hand is made again",
    `${sets}: makes an Application again that somebody deleted`,
  ),
  served(
    POLICIES,
    "an Application whose cluster is gone leaves its objects behind",
    `${plan}: what an app has on a cluster that nobody knows any more is left behind when the app goes`,
  ),
  served(
    POLICIES,
    "Applications of somebody else are not taken",
    `${plan}: takes an app that nobody controls, and none of another set`,
  ),
  served(
    POLICIES,
    "`status.conditions`, `status.resources`",
    `${sets}: makes an Application of each folder, follows commits, and tells what became of them`,
  ),
];

const progressiveRows: readonly Row[] = [
  partly(
    served(
      PROGRESSIVE,
      "`strategy.rollingSync.steps`, `maxUpdate`, `matchExpressions`",
      "test/argocd/app-set-rollout.test.ts: a rolling sync takes one step after the other, and stops where one does not become healthy",
      `${rollout}: begins with the first step, and with the next once all of it is healthy`,
      `${rollout}: NotIn selects what has another value or none`,
    ),
    "without a switch of the installation",
  ),
  served(
    PROGRESSIVE,
    "`status.applicationStatus`; no automation of its own",
    `${rollout}: takes automation off, and gives it back as an order with the same wishes`,
    `${rollout}: lets no step overtake one before it that has not seen the commit`,
  ),
  served(
    PROGRESSIVE,
    "`strategy.deletionOrder: Reverse`",
    "test/argocd/app-set-rollout.test.ts: with deletionOrder Reverse the Applications of the last step go first, and the set when they are gone",
    "src/dialects/argocd/app-set/deletion-order.test.ts: with Reverse the last step goes first, and what is of no step with the set",
  ),
];

/** Sets of Applications. */
export const setRows: readonly Row[] = [...generatorRows, ...templatingRows, ...policyRows, ...progressiveRows];
