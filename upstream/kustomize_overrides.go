package main

import (
	"fmt"
	"path"
	"slices"

	"sigs.k8s.io/kustomize/api/types"
)

// overrides are what an owner of a kustomization may set over the file in the repository.
type overrides struct {
	Namespace  string        `json:"namespace"`
	NamePrefix string        `json:"namePrefix"`
	NameSuffix string        `json:"nameSuffix"`
	Patches    []types.Patch `json:"patches"`
	Images     []types.Image `json:"images"`
	// ImageMerge is "fields" to keep the file's fields that an image leaves open, or "replace",
	// where only a field that is "*" is kept.
	ImageMerge              string          `json:"imageMerge"`
	Replicas                []types.Replica `json:"replicas"`
	Components              []string        `json:"components"`
	IgnoreMissingComponents bool            `json:"ignoreMissingComponents"`
	Labels                  *addedLabels    `json:"labels"`
	Annotations             *addedPairs     `json:"annotations"`
	BuildMetadata           []string        `json:"buildMetadata"`
}

type addedPairs struct {
	Pairs map[string]string `json:"pairs"`
	// Force replaces the value of a key that the file sets; without it that is an error.
	Force bool `json:"force"`
}

type addedLabels struct {
	addedPairs
	IncludeSelectors bool `json:"includeSelectors"`
	IncludeTemplates bool `json:"includeTemplates"`
}

func (o *overrides) mergeInto(k *types.Kustomization, files *tree, folder string) error {
	replaceIfSet(&k.Namespace, o.Namespace)
	replaceIfSet(&k.NamePrefix, o.NamePrefix)
	replaceIfSet(&k.NameSuffix, o.NameSuffix)
	k.Patches = append(k.Patches, o.Patches...)
	for _, image := range o.Images {
		k.Images = mergeImage(k.Images, image, o.ImageMerge)
	}
	for _, replica := range o.Replicas {
		k.Replicas = mergeReplica(k.Replicas, replica)
	}
	for _, component := range o.Components {
		if o.IgnoreMissingComponents && !isRemote(component) && !files.IsDir(path.Join(mount, folder, component)) {
			continue
		}
		if !slices.Contains(k.Components, component) {
			k.Components = append(k.Components, component)
		}
	}
	for _, option := range o.BuildMetadata {
		if !slices.Contains(k.BuildMetadata, option) {
			k.BuildMetadata = append(k.BuildMetadata, option)
		}
	}
	if err := o.Labels.mergeInto(k); err != nil {
		return err
	}
	if o.Annotations == nil {
		return nil
	}
	return addPairs(&k.CommonAnnotations, *o.Annotations, "annotation")
}

func replaceIfSet(field *string, value string) {
	if value != "" {
		*field = value
	}
}

func mergeImage(images []types.Image, given types.Image, how string) []types.Image {
	at := slices.IndexFunc(images, func(image types.Image) bool { return image.Name == given.Name })
	present := types.Image{}
	if at >= 0 {
		present = images[at]
	}
	merged := given
	if how == "fields" && at >= 0 {
		merged = present
		replaceIfSet(&merged.NewName, given.NewName)
		if given.NewTag != "" || given.Digest != "" {
			merged.NewTag, merged.Digest = given.NewTag, given.Digest
		}
		replaceIfSet(&merged.TagSuffix, given.TagSuffix)
	}
	if how == "replace" {
		if given.NewName == "*" {
			merged.NewName = present.NewName
		}
		if given.NewTag == "*" || given.Digest == "*" {
			merged.NewTag, merged.Digest = present.NewTag, present.Digest
		}
	}
	if at < 0 {
		return append(images, merged)
	}
	images[at] = merged
	return images
}

func mergeReplica(replicas []types.Replica, given types.Replica) []types.Replica {
	at := slices.IndexFunc(replicas, func(replica types.Replica) bool { return replica.Name == given.Name })
	if at < 0 {
		return append(replicas, given)
	}
	replicas[at] = given
	return replicas
}

func (l *addedLabels) mergeInto(k *types.Kustomization) error {
	if l == nil || len(l.Pairs) == 0 {
		return nil
	}
	if l.IncludeSelectors {
		return addPairs(&k.CommonLabels, l.addedPairs, "label")
	}
	at := slices.IndexFunc(k.Labels, func(label types.Label) bool {
		return !label.IncludeSelectors && label.IncludeTemplates == l.IncludeTemplates && len(label.FieldSpecs) == 0
	})
	if at < 0 {
		k.Labels = append(k.Labels, types.Label{IncludeTemplates: l.IncludeTemplates})
		at = len(k.Labels) - 1
	}
	return addPairs(&k.Labels[at].Pairs, l.addedPairs, "label")
}

func addPairs(into *map[string]string, added addedPairs, what string) error {
	if *into == nil {
		*into = map[string]string{}
	}
	for key, value := range added.Pairs {
		if _, isPresent := (*into)[key]; isPresent && !added.Force {
			return &refusal{Code: "failed", Message: fmt.Sprintf("%s %s already in kustomization file", what, key)}
		}
		(*into)[key] = value
	}
	return nil
}
