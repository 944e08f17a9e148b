// Command reader says, for each request on a line of standard input, whether compose-go takes the files: a line each.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/dotenv"
	"github.com/sirupsen/logrus"
)

type request struct {
	Files     []string
	Variables map[string]string
	Folder    string
	Name      string
}

type reply struct {
	Ok   bool   `json:"ok"`
	Said string `json:"said"`
}

func main() {
	logrus.SetOutput(io.Discard)
	// As docker-compose registers it.
	dotenv.RegisterFormat("raw", raw)
	decoder := json.NewDecoder(bufio.NewReader(os.Stdin))
	encoder := json.NewEncoder(os.Stdout)
	for {
		var asked request
		if err := decoder.Decode(&asked); err != nil {
			return
		}
		said := reply{Ok: true}
		if err := load(asked); err != nil {
			said = reply{Said: err.Error()}
		}
		_ = encoder.Encode(said)
	}
}

func load(asked request) (err error) {
	defer func() {
		// Compose itself breaks off there.
		if broken := recover(); broken != nil {
			err = fmt.Errorf("panic: %v", broken)
		}
	}()
	if err := os.Chdir(asked.Folder); err != nil {
		return err
	}
	os.Clearenv()
	for name, value := range asked.Variables {
		_ = os.Setenv(name, value)
	}
	// The options of docker-compose, in its order.
	options, err := cli.NewProjectOptions(asked.Files, cli.WithOsEnv, cli.WithEnvFiles(), cli.WithDotEnv,
		cli.WithConfigFileEnv, cli.WithDefaultConfigPath, cli.WithEnvFiles(), cli.WithDotEnv,
		cli.WithDefaultProfiles("*"), cli.WithName(asked.Name))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	if project, err = project.WithServicesEnvironmentResolved(true); err != nil {
		return err
	}
	_, err = project.MarshalYAML()
	return err
}

func raw(file io.Reader, _ string, variables map[string]string, _ func(string) (string, bool)) error {
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, found := strings.Cut(lines.Text(), "="); found && !strings.HasPrefix(name, "#") {
			variables[name] = value
		}
	}
	return lines.Err()
}
