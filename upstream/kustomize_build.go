package main

import (
	"encoding/json"
	"fmt"
	"path"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/openapi"
)

type kustomizeInput struct {
	Path string `json:"path"`
	// Overrides are merged into the kustomization at the path.
	Overrides *overrides `json:"overrides"`
	// GenerateIfMissing makes a kustomization of all manifests below a path that has none.
	GenerateIfMissing bool `json:"generateIfMissing"`
	// Options are the installation's.
	Options buildOptions `json:"options"`
	// Decryption holds the keys for what is encrypted.
	Decryption json.RawMessage `json:"decryption"`
	// Substitute replaces variables in what was built.
	Substitute *substitution `json:"substitute"`
}

// kustomizeBuild renders the kustomization at a path of the parent's tree.
func kustomizeBuild(p *pipe, input json.RawMessage, _ []byte) (any, error) {
	var asked kustomizeInput
	if err := json.Unmarshal(input, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: redact(err.Error())}
	}
	decrypter, err := decrypterFor(p, asked.Decryption)
	if err != nil {
		return nil, err
	}
	files := newTree(p)
	files.decrypter = decrypter
	defer func() {
		// The library's panics and errors may quote what they fail on.
		if thrown := recover(); thrown != nil {
			panic(files.hidePlain(refusalFromPanic(thrown)))
		}
	}()
	resources, err := buildObjects(files, asked)
	if err != nil {
		return nil, files.hidePlain(asRefusal(err))
	}
	return map[string]any{"resources": resources}, nil
}

func buildObjects(files *tree, asked kustomizeInput) ([]json.RawMessage, error) {
	bases := &remoteBases{files: files}
	charts := &helmCharts{files: files, bases: bases, options: asked.Options}
	guard := &kustomizationGuard{files: files, bases: bases, charts: charts}
	files.accept = guard.accept
	defer guard.forgetSchema()

	root := path.Join(mount, asked.Path)
	if !files.IsDir(root) {
		return nil, &refusal{Code: "missing-path", Message: fmt.Sprintf("path %q is no directory of this revision", asked.Path)}
	}
	asked.Path = files.inside(root)
	isEmpty, err := prepareKustomization(files, guard, asked)
	if err != nil {
		return nil, explain(guard, err)
	}
	if isEmpty {
		return []json.RawMessage{}, nil
	}
	built, err := krusty.MakeKustomizer(asked.Options.forLibrary()).Run(files, root)
	if err != nil {
		return nil, explain(guard, err)
	}
	if err := afterBuild(files, asked.Substitute, built); err != nil {
		return nil, err
	}
	resources, err := encodeResources(built)
	if err != nil {
		return nil, explain(guard, err)
	}
	return resources, nil
}

// afterBuild changes the objects as they came out of the build, one by one.
func afterBuild(files *tree, substitute *substitution, built resmap.ResMap) error {
	if substitute != nil {
		substitute.prepare()
	}
	for _, object := range built.Resources() {
		if files.decrypter != nil && !staysEncrypted(object) {
			if err := files.decrypter.object(files, object); err != nil {
				return refuseObject(object, "decryption failed", err)
			}
		}
		if err := substitute.apply(files, object); err != nil {
			return err
		}
	}
	return nil
}

func encodeResources(built resmap.ResMap) ([]json.RawMessage, error) {
	resources := make([]json.RawMessage, 0, built.Size())
	total := 0
	for _, resource := range built.Resources() {
		text, err := resource.MarshalJSON()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", resource.CurId(), err)
		}
		if total += len(text); total > maxOutputBytes {
			return nil, &refusal{Code: "too-large", Message: fmt.Sprintf("the result has more than %d MiB", maxOutputBytes>>20)}
		}
		resources = append(resources, text)
	}
	return resources, nil
}

// kustomizationGuard looks at every file before kustomize does, because kustomize fetches what is remote,
// inflates aliases without a cap and keeps a custom schema for the builds that follow.
type kustomizationGuard struct {
	files           *tree
	bases           *remoteBases
	charts          *helmCharts
	hasCustomSchema bool
	// listed holds the paths that kustomizations name as resources.
	listed []string
}

func (g *kustomizationGuard) forgetSchema() {
	if g.hasCustomSchema {
		openapi.ResetOpenAPI()
	}
}

func (g *kustomizationGuard) accept(file string, content []byte) []byte {
	refuseAliasBomb(file, content)
	if !isKustomizationName(path.Base(file)) {
		return content
	}
	parsed, err := parseKustomization(content)
	if err != nil {
		return content
	}
	g.check(file, parsed)
	return g.charts.replaceIn(file, g.bases.replaceIn(file, content, parsed), parsed)
}

func (g *kustomizationGuard) check(file string, parsed *types.Kustomization) {
	g.files.registerEncrypted(file, parsed)
	g.hasCustomSchema = g.hasCustomSchema || len(parsed.OpenAPI) > 0
	for _, resource := range parsed.Resources {
		g.listed = append(g.listed, path.Join(path.Dir(file), resource))
	}
	for _, loaded := range loadedBy(parsed) {
		for _, entry := range *loaded {
			refuseAliasBomb(file, []byte(entry))
		}
	}
	for _, patch := range parsed.Patches {
		refuseAliasBomb(file, []byte(patch.Patch))
	}
	for _, patch := range parsed.PatchesJson6902 {
		refuseAliasBomb(file, []byte(patch.Patch))
	}
	for _, patch := range parsed.PatchesStrategicMerge {
		refuseAliasBomb(file, []byte(patch))
	}
}
