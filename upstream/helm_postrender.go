//go:build all

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"sigs.k8s.io/kustomize/api/builtins"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provider"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// postRenderInput changes what templates rendered, before it is sorted into hooks and manifests.
type postRenderInput struct {
	// Strategy tells what goes through the steps: "combined" (all at once), "separate" (hooks, then the rest) or
	// "nohooks" (the rest alone).
	Strategy string           `json:"strategy"`
	Steps    []postRenderStep `json:"steps"`
}

// postRenderStep is a kustomization over what was rendered, or metadata for all objects.
type postRenderStep struct {
	Kustomize *struct {
		Patches []types.Patch `json:"patches"`
		Images  []types.Image `json:"images"`
	} `json:"kustomize"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

// fromFile is the annotation by which Helm finds out, after post-rendering, which file an object came from.
const fromFile = "postrenderer.helm.sh/postrender-filename"

func postRender(files map[string]string, asked *postRenderInput) (map[string]string, error) {
	if asked == nil || len(asked.Steps) == 0 {
		return files, nil
	}
	switch asked.Strategy {
	case "", "combined":
		return postRenderGroup(files, "", asked.Steps)
	case "separate", "nohooks":
		return postRenderApart(files, asked)
	}
	return nil, &refusal{Code: "invalid-input", Message: fmt.Sprintf("%q is no strategy of post-rendering", asked.Strategy)}
}

// postRenderApart keeps hooks and manifests apart, so that an object may be in both.
func postRenderApart(files map[string]string, asked *postRenderInput) (map[string]string, error) {
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, templateRefusal(err)
	}
	hookFiles, manifestFiles := map[string]string{}, map[string]string{}
	for _, hook := range hooks {
		addDocument(hookFiles, hook.Path, hook.Manifest)
	}
	for _, manifest := range manifests {
		addDocument(manifestFiles, manifest.Name, manifest.Content)
	}
	if asked.Strategy == "separate" {
		if hookFiles, err = postRenderGroup(hookFiles, "hooks", asked.Steps); err != nil {
			return nil, err
		}
	}
	if manifestFiles, err = postRenderGroup(manifestFiles, "manifests", asked.Steps); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(manifestFiles)) {
		addDocument(hookFiles, name, manifestFiles[name])
	}
	return hookFiles, nil
}

func addDocument(files map[string]string, name, document string) {
	if before, isThere := files[name]; isThere {
		document = before + "\n---\n" + document
	}
	files[name] = document
}

// postRenderGroup sends files through the steps as one stream and takes them apart again.
func postRenderGroup(files map[string]string, group string, steps []postRenderStep) (map[string]string, error) {
	if len(files) == 0 {
		return files, nil
	}
	text, err := streamOf(files)
	if err != nil {
		return nil, err
	}
	for i, step := range steps {
		if text, err = step.run(text); err != nil {
			return nil, &refusal{Code: "post-render", Message: fmt.Sprintf("post-renderer %d: %s", i+1, redact(err.Error()))}
		}
	}
	return filesOf(text, group)
}

func streamOf(files map[string]string) ([]byte, error) {
	var all []*yaml.RNode
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		documents := releaseutil.SplitManifests(files[name])
		keys := slices.Collect(maps.Keys(documents))
		sort.Sort(releaseutil.BySplitManifestsOrder(keys))
		for _, key := range keys {
			nodes, err := kio.ParseAll(documents[key])
			if err != nil {
				return nil, &refusal{Code: "invalid-yaml", Message: "rendered document: " + helmRedact(err.Error()), File: name}
			}
			for _, node := range nodes {
				if err := node.PipeE(yaml.SetAnnotation(fromFile, name)); err != nil {
					return nil, &refusal{Code: "invalid", Message: "a rendered document is no object", File: name}
				}
				all = append(all, node)
			}
		}
	}
	text, err := kio.StringAll(all)
	return []byte(text), err
}

func filesOf(text []byte, group string) (map[string]string, error) {
	nodes, err := kio.ParseAll(string(text))
	if err != nil {
		return nil, &refusal{Code: "post-render", Message: "what post-rendering made is no YAML"}
	}
	byFile := map[string][]*yaml.RNode{}
	for i, node := range nodes {
		name := node.GetAnnotations()[fromFile]
		if name == "" {
			name = path.Join(strings.TrimSuffix("generated-by-postrender-"+group, "-") + fmt.Sprintf("-%d.yaml", i))
		}
		if err := node.PipeE(yaml.ClearAnnotation(fromFile)); err != nil {
			return nil, err
		}
		byFile[name] = append(byFile[name], node)
	}
	files := map[string]string{}
	for name, found := range byFile {
		if files[name], err = kio.StringAll(found); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (s postRenderStep) run(text []byte) ([]byte, error) {
	if s.Kustomize != nil {
		return s.kustomize(text)
	}
	objects, err := resmap.NewFactory(provider.NewDefaultDepProvider().GetResourceFactory()).NewResMapFromBytes(text)
	if err != nil {
		return nil, err
	}
	inMetadata := func(field string) []types.FieldSpec {
		return []types.FieldSpec{{Path: "metadata/" + field, CreateIfNotPresent: true}}
	}
	if len(s.Labels) > 0 {
		label := &builtins.LabelTransformerPlugin{Labels: s.Labels, FieldSpecs: inMetadata("labels")}
		if err := label.Transform(objects); err != nil {
			return nil, err
		}
	}
	if len(s.Annotations) > 0 {
		annotate := &builtins.AnnotationsTransformerPlugin{Annotations: s.Annotations, FieldSpecs: inMetadata("annotations")}
		if err := annotate.Transform(objects); err != nil {
			return nil, err
		}
	}
	return objects.AsYaml()
}

func (s postRenderStep) kustomize(text []byte) ([]byte, error) {
	kustomization := types.Kustomization{Patches: s.Kustomize.Patches, Images: s.Kustomize.Images}
	kustomization.APIVersion, kustomization.Kind = types.KustomizationVersion, types.KustomizationKind
	kustomization.Resources = []string{"rendered.yaml"}
	for _, patch := range s.Kustomize.Patches {
		if patch.Path != "" {
			return nil, fmt.Errorf("a patch of a post-renderer is written out, not read from %q", patch.Path)
		}
		refuseAliasBomb("patches", []byte(patch.Patch))
	}
	described, err := json.Marshal(kustomization)
	if err != nil {
		return nil, err
	}
	files := filesys.MakeFsInMemory()
	for name, content := range map[string][]byte{"kustomization.yaml": described, "rendered.yaml": bytes.Clone(text)} {
		if err := files.WriteFile(name, content); err != nil {
			return nil, err
		}
	}
	options := &krusty.Options{LoadRestrictions: types.LoadRestrictionsRootOnly, PluginConfig: types.DisabledPluginConfig()}
	built, err := krusty.MakeKustomizer(options).Run(files, ".")
	if err != nil {
		return nil, err
	}
	return built.AsYaml()
}
