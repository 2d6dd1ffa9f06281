// Compiles same-policy.rego to WebAssembly with OPA's own compiler, as `opa build --target wasm` does.
//
//	go run compile.go same-policy.rego same-policy.wasm
package main

import (
	"context"
	"log"
	"os"

	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/version"
)

func main() {
	compiler := compile.New().
		WithTarget(compile.TargetWasm).
		WithEntrypoints("same/allow").
		WithPaths(os.Args[1])
	if err := compiler.Build(context.Background()); err != nil {
		log.Fatal(err)
	}
	module := compiler.Bundle().WasmModules[0].Raw
	if err := os.WriteFile(os.Args[2], module, 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%d bytes by OPA %s", len(module), version.Version)
}
