//go:build all

package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/yaml"
)

func init() { newDecrypter = newSopsDecrypter }

// sopsDecrypter decrypts what a kustomize build meets.
type sopsDecrypter struct {
	keys *sopsKeys
	// verified remembers files whose integrity is known, by path and MAC.
	verified map[string]error
}

func newSopsDecrypter(p *pipe, settings json.RawMessage) (decrypter, error) {
	var asked struct {
		Provider string `json:"provider"`
		sopsSettings
	}
	if err := json.Unmarshal(settings, &asked); err != nil {
		return nil, &refusal{Code: "invalid-input", Message: "the decryption settings are malformed"}
	}
	if asked.Provider != "sops" {
		return nil, &refusal{Code: "invalid-input", Message: fmt.Sprintf("unknown decryption provider %q", asked.Provider)}
	}
	keys, err := newSopsKeys(p, asked.sopsSettings)
	if err != nil {
		return nil, err
	}
	return &sopsDecrypter{keys: keys, verified: map[string]error{}}, nil
}

func (d *sopsDecrypter) file(_, format string, content []byte) ([]byte, error) {
	return d.keys.decrypt(sopsTask{content: content, from: format, to: format, verify: true})
}

func (d *sopsDecrypter) object(files *tree, object *resource.Resource) error {
	if mac := macOf(object); mac != "" {
		return d.wholeObject(files, object, mac)
	}
	if object.GetKind() == "Secret" {
		return d.dataEntries(object)
	}
	return nil
}

func macOf(object *resource.Resource) string {
	field := object.Field("sops")
	if field.IsNilOrEmpty() {
		return ""
	}
	mac := field.Value.Field("mac")
	if mac.IsNilOrEmpty() {
		return ""
	}
	return mac.Value.YNode().Value
}

// wholeObject decrypts an object that carries sops metadata. The build may have changed what the MAC covers, such as
// the namespace; so the MAC is verified on the file that the object came from.
func (d *sopsDecrypter) wholeObject(files *tree, object *resource.Resource, mac string) error {
	name := fmt.Sprintf("'%s/%s' %s", object.GetNamespace(), object.GetName(), object.GetKind())
	content, err := object.MarshalJSON()
	if err != nil {
		return sopsRefusal(fmt.Sprintf("failed to decrypt and format %s data: it cannot be encoded", name))
	}
	if err := d.verifyFiles(files, mac); err != nil {
		return err
	}
	plain, err := d.keys.decrypt(sopsTask{content: content, from: "json", to: "json"})
	if err != nil {
		refused := *asRefusal(err)
		refused.Message = fmt.Sprintf("failed to decrypt and format %s data: %s", name, refused.Message)
		return &refused
	}
	if object.UnmarshalJSON(plain) != nil {
		return sopsRefusal(fmt.Sprintf("failed to unmarshal decrypted %s to JSON", name))
	}
	return nil
}

// verifyFiles checks every file that was encrypted under this MAC.
func (d *sopsDecrypter) verifyFiles(files *tree, mac string) error {
	isFound := false
	for _, file := range slices.Sorted(maps.Keys(files.known)) {
		covered, format := coveredBy(mac, files.known[file].content)
		if covered == nil {
			continue
		}
		isFound = true
		key := file + "\n" + mac
		result, isKnown := d.verified[key]
		if !isKnown {
			_, result = d.keys.decrypt(sopsTask{content: covered, from: format, to: format, verify: true})
			d.verified[key] = result
		}
		if result != nil {
			refused := *asRefusal(result)
			refused.File = file
			return &refused
		}
	}
	if !isFound {
		return sopsRefusal("failed to verify sops data integrity: no file holds its sops metadata as it was encrypted")
	}
	return nil
}

// coveredBy gives the documents of a file that were encrypted together under a MAC, and their format.
func coveredBy(mac string, content []byte) ([]byte, string) {
	if !bytes.Contains(content, []byte(mac)) {
		return nil, ""
	}
	if _, isJSON := jsonStream(content); isJSON {
		if carriesMAC(mac, content) {
			return content, "json"
		}
		return nil, ""
	}
	var covered []byte
	for _, part := range splitDocuments(content) {
		if carriesMAC(mac, part.text) {
			covered = append(covered, part.text...)
		}
	}
	return covered, "yaml"
}

func carriesMAC(mac string, document []byte) bool {
	var declared struct {
		Sops struct {
			MAC string `json:"mac"`
		} `json:"sops"`
	}
	return yaml.Unmarshal(document, &declared) == nil && declared.Sops.MAC == mac
}

// dataEntries decrypts entries of a Secret that are whole encrypted files, as generators make them.
func (d *sopsDecrypter) dataEntries(object *resource.Resource) error {
	data := object.GetDataMap()
	isChanged := false
	for _, key := range slices.Sorted(maps.Keys(data)) {
		content, err := base64.StdEncoding.DecodeString(data[key])
		if err != nil {
			continue
		}
		from := detectFormat(content)
		if from == "" {
			continue
		}
		plain, err := d.keys.decrypt(sopsTask{content: content, from: from, to: formatOf(key), verify: true})
		if err != nil {
			refused := *asRefusal(err)
			name := fmt.Sprintf("'%s/%s'", object.GetNamespace(), object.GetName())
			refused.Message = fmt.Sprintf("failed to decrypt and format %s Secret field '%s': %s", name, key, refused.Message)
			return &refused
		}
		data[key] = base64.StdEncoding.EncodeToString(plain)
		isChanged = true
	}
	if isChanged {
		object.SetDataMap(data)
	}
	return nil
}

func detectFormat(content []byte) string {
	for _, format := range []string{"yaml", "json", "dotenv", "ini"} {
		if isEncrypted(format, content) {
			return format
		}
	}
	return ""
}
