// Command cmp is a config management plugin on a unix socket that tests talk to, behind the official gRPC server.
//
// It reads its settings as one line of JSON from stdin, prints its address as one line of JSON and
// ends when stdin closes.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"holdfast.dev/services/settings"
)

// Settings of one plugin.
type options struct {
	// Where it listens.
	Socket string `json:"socket"`
	// What prints the manifests, for a shell in the app's folder.
	Generate string `json:"generate"`
	// A glob over the app's folder that tells whether files are for it; none when empty.
	Discover string `json:"discover"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot run the plugin: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	chosen := &plugin{}
	server := grpc.NewServer(grpc.ForceServerCodec(plain{}))
	if err := settings.Read(&chosen.options, server.Stop); err != nil {
		return err
	}
	listener, err := net.Listen("unix", chosen.options.Socket)
	if err != nil {
		return err
	}
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "plugin.ConfigManagementPluginService",
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "CheckPluginConfiguration", Handler: chosen.check}},
		Streams: []grpc.StreamDesc{
			{StreamName: "MatchRepository", ClientStreams: true, Handler: chosen.match},
			{StreamName: "GenerateManifest", ClientStreams: true, Handler: chosen.generate},
		},
	}, nil)
	if err := settings.Announce(chosen.options.Socket); err != nil {
		return err
	}
	return server.Serve(listener)
}

// plain leaves messages as they are on the wire.
type plain struct{}

func (plain) Name() string                      { return "proto" }
func (plain) Marshal(value any) ([]byte, error) { return *value.(*[]byte), nil }
func (plain) Unmarshal(data []byte, into any) error {
	*into.(*[]byte) = bytes.Clone(data)
	return nil
}

type plugin struct{ options options }

func (p *plugin) check(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var asked []byte
	if err := decode(&asked); err != nil {
		return nil, err
	}
	return switched(p.options.Discover != ""), nil
}

func (p *plugin) match(_ any, stream grpc.ServerStream) error {
	return withFiles(stream, func(folder string, _ []string) (*[]byte, error) {
		found, err := filepath.Glob(filepath.Join(folder, p.options.Discover))
		return switched(len(found) > 0), err
	})
}

func (p *plugin) generate(_ any, stream grpc.ServerStream) error {
	return withFiles(stream, func(folder string, env []string) (*[]byte, error) {
		command := exec.CommandContext(stream.Context(), "/bin/sh", "-c", p.options.Generate)
		command.Dir, command.Env = folder, append(os.Environ(), env...)
		var said bytes.Buffer
		command.Stderr = &said
		printed, err := command.Output()
		if err != nil {
			return nil, fmt.Errorf("error generating manifests: %w: %s", err, strings.TrimSpace(said.String()))
		}
		answer := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), printed)
		return &answer, nil
	})
}

func switched(isOn bool) *[]byte {
	var answer []byte
	if isOn {
		answer = protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), 1)
	}
	return &answer
}

// withFiles unpacks what a stream brings, lets work answer, and removes it.
func withFiles(stream grpc.ServerStream, work func(folder string, env []string) (*[]byte, error)) error {
	folder, err := os.MkdirTemp("", "holdfast-cmp-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	told, err := receive(stream, folder)
	if err != nil {
		return err
	}
	answer, err := work(filepath.Join(folder, told.path), told.env)
	if err != nil {
		return err
	}
	return stream.SendMsg(answer)
}

type metadata struct {
	path, checksum string
	size           uint64
	env            []string
}

func receive(stream grpc.ServerStream, folder string) (*metadata, error) {
	var told *metadata
	var packed []byte
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		fields := fieldsOf(message)
		if told == nil {
			told = metadataOf(fieldsOf(fields[1][0]))
			continue
		}
		packed = append(packed, fieldsOf(fields[2][0])[1][0]...)
	}
	sum := sha256.Sum256(packed)
	if told == nil || hex.EncodeToString(sum[:]) != told.checksum || uint64(len(packed)) != told.size {
		return nil, errors.New("file checksum validation error")
	}
	return told, unpack(packed, folder)
}

func metadataOf(fields map[protowire.Number][][]byte) *metadata {
	told := &metadata{path: text(fields, 2), checksum: text(fields, 3)}
	told.size, _ = protowire.ConsumeVarint(fields[4][0])
	for _, entry := range fields[5] {
		pair := fieldsOf(entry)
		told.env = append(told.env, text(pair, 1)+"="+text(pair, 2))
	}
	return told
}

func text(fields map[protowire.Number][][]byte, number protowire.Number) string {
	if len(fields[number]) == 0 {
		return ""
	}
	return string(fields[number][0])
}

// fieldsOf are the values of a message by their numbers; numbers of the protocol stay as they are written.
func fieldsOf(message []byte) map[protowire.Number][][]byte {
	fields := map[protowire.Number][][]byte{}
	for len(message) > 0 {
		number, kind, length := protowire.ConsumeTag(message)
		message = message[length:]
		size := protowire.ConsumeFieldValue(number, kind, message)
		value := message[:size]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		fields[number] = append(fields[number], value)
		message = message[size:]
	}
	return fields
}

func unpack(packed []byte, folder string) error {
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return err
	}
	archive := tar.NewReader(plain)
	for {
		entry, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		place := filepath.Join(folder, filepath.Clean("/"+entry.Name))
		if entry.Typeflag == tar.TypeDir {
			err = os.MkdirAll(place, 0o755)
		} else if content, failed := io.ReadAll(archive); failed != nil {
			err = failed
		} else {
			err = os.WriteFile(place, content, 0o644)
		}
		if err != nil {
			return err
		}
	}
}
