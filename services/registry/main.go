// Command registry is an OCI registry on loopback that tests talk to.
//
// It reads its settings as one line of JSON from stdin, prints its address as one line of JSON and
// ends when stdin closes.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/distribution/distribution/v3/configuration"
	_ "github.com/distribution/distribution/v3/registry/auth/htpasswd"
	"github.com/distribution/distribution/v3/registry/handlers"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/filesystem"
	_ "github.com/distribution/distribution/v3/registry/storage/driver/inmemory"
	"github.com/sirupsen/logrus"
	"golang.org/x/crypto/bcrypt"

	"holdfast.dev/services/settings"
)

// Settings of one registry.
type options struct {
	// Where images are kept; in memory when empty.
	Directory string `json:"directory"`
	// Whom it lets in; everybody when empty.
	Username string `json:"username"`
	Password string `json:"password"`
	// How many tags one answer holds at most.
	MaxTags int `json:"maxTags"`
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "Cannot run the registry: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	logrus.SetOutput(io.Discard)
	var chosen options
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second}
	if err := settings.Read(&chosen, func() { _ = server.Close() }); err != nil {
		return err
	}
	private, err := os.MkdirTemp("", "holdfast-registry-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(private)
	config, err := configurationOf(chosen, private)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server.Handler = handlers.NewApp(context.Background(), config)
	if err := settings.Announce(listener.Addr().String()); err != nil {
		return err
	}
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func configurationOf(chosen options, private string) (*configuration.Configuration, error) {
	config := &configuration.Configuration{Storage: configuration.Storage{"inmemory": configuration.Parameters{}}}
	if chosen.Directory != "" {
		config.Storage = configuration.Storage{
			"filesystem": configuration.Parameters{"rootdirectory": chosen.Directory},
		}
	}
	config.Storage["delete"] = configuration.Parameters{"enabled": true}
	config.Catalog.MaxEntries = 1000
	config.Tags.MaxTags = chosen.MaxTags
	config.HTTP.Secret = "only tests talk to this registry"
	if chosen.Username == "" {
		return config, nil
	}
	hash, err := bcrypt.GenerateFromPassword([]byte(chosen.Password), bcrypt.MinCost)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(private, "htpasswd")
	if err := os.WriteFile(path, []byte(chosen.Username+":"+string(hash)+"\n"), 0o600); err != nil {
		return nil, err
	}
	config.Auth = configuration.Auth{"htpasswd": configuration.Parameters{"realm": "tests", "path": path}}
	return config, nil
}
