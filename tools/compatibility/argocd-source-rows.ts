import { missing, partly, type Row, served } from "./row.ts";

const dialect = "src/dialects/argocd";
const upstream = "src/adapters/upstream";
const build = `${upstream}/kustomize-build.test.ts`;
const charts = `${upstream}/kustomize-helm.test.ts`;
const corpus = "test/argocd/corpus.test.ts";
const edits = `${dialect}/parse-app.test.ts`;
const helm = "test/argocd/helm.test.ts";
const jsonnet = `${upstream}/directory-jsonnet.test.ts`;
const overrides = `${dialect}/source-overrides.test.ts`;
const plugins = "test/argocd/plugins.test.ts";
const folder = "src/adapters/plugin/plugin-folder.test.ts";
const registry = "test/argocd/registry.test.ts";
const several = "test/argocd/several-sources.test.ts";
const sources = "test/argocd/sources.test.ts";
const template = `${upstream}/chart-template.test.ts`;
const tools = "test/argocd/rendering-tools.test.ts";

const HELM = "Sources: Helm";
const KUSTOMIZE = "Sources: kustomize";
const DIRECTORY = "Sources: directory and Jsonnet";
const PLUGINS = "Sources: plugins";
const SEVERAL = "Sources: several, overrides, environment";

const helmRows: readonly Row[] = [
  served(
    HELM,
    "a chart at a path in Git, rendered as `helm template --include-crds` does",
    `${helm}: is detected, rendered for the app's own name, and told as Helm`,
    `${template}: what helm template prints is what is rendered`,
    `${corpus}: an Application is rendered as the official programs do`,
  ),
  served(
    HELM,
    "`chart` of a repository with an index: versions and ranges",
    `${helm}: is followed within its range, and told by its version`,
  ),
  served(
    HELM,
    "`chart` of a registry (`oci://`, or with `enableOCI`)",
    `${registry}: a chart of a registry is followed within its range, with the scheme in its address and without`,
  ),
  served(
    HELM,
    "`valueFiles`, also by patterns; `ignoreMissingValueFiles`",
    `${helm}: takes its values in the order of their precedence`,
    `${template}: of a pattern come in the order of their names, and below what follows`,
    `${template}: of files that are not there are an error, unless they may be missing`,
  ),
  served(
    HELM,
    "`valueFiles` at `https://` addresses, as `helm.valuesFileSchemes` lets them",
    `${template}: a values file at an address`,
    `${dialect}/settings-source.test.ts: sources have submodules, and values files come from web servers, unless they are not to`,
  ),
  served(
    HELM,
    "`values`, `valuesObject`",
    `${helm}: keeps a null that deletes what the chart sets`,
    `${dialect}/parse-sources.test.ts: an object stands in for the text`,
  ),
  served(
    HELM,
    "`parameters` with `forceString`, `fileParameters`",
    `${helm}: takes its values in the order of their precedence`,
    `${dialect}/parse-sources.test.ts: come in the order of their precedence`,
  ),
  served(
    HELM,
    "`releaseName`, `namespace`, `kubeVersion`, `apiVersions`",
    `${helm}: takes its values in the order of their precedence`,
    `${corpus}: chart-values`,
  ),
  served(
    HELM,
    "`skipCrds`, `skipTests`, `skipSchemaValidation`",
    `${helm}: brings its definitions unless they are to be skipped`,
    `${corpus}: chart-without`,
    `${upstream}/helm-refusals.test.ts: values against the schema, naming chart and path but no value`,
  ),
  served(
    HELM,
    "`passCredentials`",
    `${dialect}/parse-sources.test.ts: where a source is`,
    "src/adapters/helm/repository-access.test.ts: keeps credentials to itself unless they are passed on",
  ),
  served(
    HELM,
    "dependencies of charts, with `Chart.lock`",
    `${helm}: has what it depends on: in its repository, and in another one`,
    `${helm}: has what it depends on of a repository that asks for a login`,
    `${helm}: has what it depends on of a repository that it calls by its name`,
    `${template}: a chart that another one depends on, as its lock has it`,
  ),
  served(
    HELM,
    "`.Capabilities` of the destination cluster; `lookup` finds nothing",
    `${helm}: is detected, rendered for the app's own name, and told as Helm`,
    `${dialect}/build-environment.test.ts: the build environment tells of app, source and cluster`,
  ),
];

const kustomizeRows: readonly Row[] = [
  served(
    KUSTOMIZE,
    "a kustomization at the path, built as `kustomize build` does",
    `${sources}: is detected by its kustomization`,
    `${corpus}: an Application is rendered as the official programs do`,
  ),
  served(
    KUSTOMIZE,
    "`namePrefix`, `nameSuffix`, `images`, `replicas`, `patches`",
    `${sources}: is built with the overrides that the spec names`,
    `${corpus}: edited`,
  ),
  served(KUSTOMIZE, "`namespace`, `components`", `${corpus}: edited`),
  served(KUSTOMIZE, "`ignoreMissingComponents`", `${build}: appends components and can skip missing ones`),
  served(
    KUSTOMIZE,
    "`commonLabels`, `labelWithoutSelector`, `labelIncludeTemplates`, `forceCommonLabels`",
    `${sources}: is built with the overrides that the spec names`,
    `${edits}: a kustomize block`,
    `${build}: refuses a label that the file sets, unless forced`,
  ),
  served(
    KUSTOMIZE,
    "`commonAnnotations`, `forceCommonAnnotations`, `commonAnnotationsEnvsubst`",
    `${edits}: a kustomize block`,
    `${tools}: annotations of a kustomize block may name the build environment`,
  ),
  served(
    KUSTOMIZE,
    "`kubeVersion`, `apiVersions`",
    `${dialect}/settings-kustomize.test.ts: tells charts of the cluster, of what the installation says, and of what itself says`,
  ),
  partly(
    served(
      KUSTOMIZE,
      "`version`",
      `${dialect}/settings-kustomize.test.ts: may name the version that is built in, and no other`,
    ),
    "the one that is built in, v5.8; any other is refused",
  ),
  partly(
    served(
      KUSTOMIZE,
      "`kustomize.buildOptions`",
      `${dialect}/settings-kustomize.test.ts: gets the options of the installation, or those of its version`,
      `${dialect}/settings-kustomize.test.ts: with what would start programs told by name, and the rest taken`,
    ),
    "without those that start programs",
  ),
  served(
    KUSTOMIZE,
    "charts of kustomizations (`--enable-helm`)",
    `${tools}: is refused until the installation enables them, then built of charts here and elsewhere`,
    `${charts}: renders a chart of the repository, with its hooks, and leaves its namespaces to it`,
  ),
  partly(
    served(
      KUSTOMIZE,
      "bases of other repositories",
      `${sources}: takes bases of other repositories, and follows them`,
      "test/argocd/repositories.test.ts: is also a base of kustomizations, opened by the Secrets that are there for its address",
    ),
    "remote patches and files of generators are refused",
  ),
];

const directoryRows: readonly Row[] = [
  served(
    DIRECTORY,
    "`recurse`, `include`, `exclude`",
    `${sources}: takes the files that it asks for`,
    `${sources}: is a plain directory when the spec says so`,
  ),
  served(
    DIRECTORY,
    "`disableExtensionFilter`",
    `${jsonnet}: takes files of every name where it is told so, but for those of Jsonnet as YAML`,
  ),
  served(DIRECTORY, "`+argocd:skip-file-rendering`", `${sources}: leaves out a file that says so`),
  served(
    DIRECTORY,
    "lists of objects, and the limit of 10 MB",
    `${jsonnet}: takes the objects of lists of any kind`,
    `${jsonnet}: bounds what the files hold together, those of Jsonnet aside`,
  ),
  served(
    DIRECTORY,
    "Jsonnet: `extVars`, `tlas`, `libs`, imports",
    `${tools}: is evaluated, and again when an import changes`,
    `${jsonnet}: hands over variables and arguments, as text or as code`,
    `${jsonnet}: finds imports beside the file, in the libraries from the last on, and in the app's folder`,
  ),
];

const pluginRows: readonly Row[] = [
  served(
    PLUGINS,
    "sidecars with `argocd-cmp-server`",
    `${plugins}: a sidecar whose discovery finds the files renders them, and others are rendered as ever`,
    `${folder}: gives the named one the whole repository and the environment`,
  ),
  served(
    PLUGINS,
    "`plugin.yaml`: `version`, `init`, `generate`, `discover.fileName`, `find.glob`, `find.command`",
    `${folder}: runs init and generate in a copy of the files, with its own environment alone`,
    `${folder}: is known by its version, and finds files by name, by pattern or by a command`,
  ),
  served(
    PLUGINS,
    "`plugin.name`, `env` under `ARGOCD_ENV_`, `parameters`",
    `${plugins}: a plugin of commands gets environment and parameters, and runs again for each commit`,
    `${dialect}/parse-plugin.test.ts: adds variables under a prefix, filled in from the build environment`,
    `${dialect}/parse-plugin.test.ts: adds parameters as JSON and one by one`,
  ),
  partly(
    served(
      PLUGINS,
      "a plugin that fails or is not there",
      `${plugins}: what fails is told by the plugin's name, and nothing is deleted`,
      `${dialect}/parse-plugin.test.ts: refuses a plugin where there are none, and names that lead elsewhere`,
    ),
    "plugins are on with the controller's `--plugin-dir`",
  ),
  served(
    PLUGINS,
    "plugins in commands (`render`, `diff --local`) with `--plugin-dir`",
    `${plugins}: commands run plugins of a folder here, and without one say who runs them`,
  ),
  missing(PLUGINS, "`provideGitCreds`", "a plugin with it is refused by name"),
  partly(
    served(
      PLUGINS,
      "`parameters` of `plugin.yaml`, `preserveFileMode`",
      `${folder}: may run programs of the repository, which stay executable`,
    ),
    "not needed: files always keep their mode, and what a plugin announces is for Argo CD's web interface",
  ),
];

const severalRows: readonly Row[] = [
  served(
    SEVERAL,
    "detection: block, plugin, `Chart.yaml`, kustomization, directory",
    `${helm}: is detected, rendered for the app's own name, and told as Helm`,
    `${plugins}: a sidecar whose discovery finds the files renders them, and others are rendered as ever`,
    `${registry}: an artifact of a registry is rendered by what its path holds`,
  ),
  served(
    SEVERAL,
    "`.argocd-source.yaml`, `.argocd-source-APP.yaml`, as Argo CD Image Updater writes them",
    `${helm}: is changed by the files that tools write beside it`,
    `${overrides}: override files are for every app at the path, then for one`,
    `${overrides}: merges maps, replaces lists and removes what is null, one file after the other`,
  ),
  served(
    SEVERAL,
    "build environment (`ARGOCD_APP_*`, `KUBE_*`), `$$`",
    `${dialect}/build-environment.test.ts: the build environment tells of app, source and cluster`,
    `${helm}: takes its values in the order of their precedence`,
  ),
  served(
    SEVERAL,
    "`sources`: the last of what two declare",
    `${several}: are one whole: of what two declare the last one counts, and people are told`,
    `${several}: wait for each other, and a failure names its source`,
  ),
  served(
    SEVERAL,
    "`ref`, and `$ref/…` in `valueFiles` and `fileParameters`",
    `${helm}: takes values of its own files and of a source beside it`,
    `${several}: a chart's files of another source stay in it`,
    `${dialect}/parse-sources.test.ts: renders nothing without a path, and itself with one`,
  ),
  served(
    SEVERAL,
    "`ref` with `chart`, a `ref` that is unknown or there twice: refused",
    `${several}: what cannot be used is refused by its place`,
  ),
];

/** How manifests are made. */
export const sourceKindRows: readonly Row[] = [
  ...helmRows,
  ...kustomizeRows,
  ...directoryRows,
  ...pluginRows,
  ...severalRows,
];
