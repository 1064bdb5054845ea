import { Argument, Command } from "commander";
import type { Terminal } from "./terminal.ts";

const shells = ["bash", "zsh", "fish"] as const;
type Shell = (typeof shells)[number];

/** The command `completion`: a script for a shell, made from the program's own commands. */
export function completionCommand(program: () => Command, terminal: Terminal): Command {
  return new Command("completion")
    .description("print a completion script: source <(holdfast completion bash)")
    .addArgument(new Argument("<shell>", "which shell").choices(shells))
    .action((shell: Shell) => terminal.out(scripts[shell](wordsOf(program()))));
}

/** What may follow each path of commands; "" is the program itself. */
type Words = ReadonlyMap<string, readonly string[]>;

function wordsOf(command: Command, path = ""): Words {
  const words = new Map<string, readonly string[]>();
  const options = command.options.filter((option) => !option.hidden).map((option) => option.long ?? option.short ?? "");
  words.set(path, [...command.commands.map((child) => child.name()), ...options]);
  for (const child of command.commands) {
    const below = path === "" ? child.name() : `${path} ${child.name()}`;
    for (const [key, value] of wordsOf(child, below)) words.set(key, value);
  }
  return words;
}

const scripts: Readonly<Record<Shell, (words: Words) => string>> = {
  bash: (words) => bashScript(words),
  zsh: (words) => `#compdef holdfast\nautoload -U +X bashcompinit && bashcompinit\n${bashScript(words)}`,
  fish: fishScript,
};

function bashScript(words: Words): string {
  const cases = [...words].map(([path, next]) => `    "${path}") words="${next.join(" ")}" ;;`);
  return `_holdfast() {
  local current path="" words="" word
  current="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
    -*) ;;
    *) case "$path $word" in
${commandCases(words)}
      esac ;;
    esac
  done
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _holdfast holdfast
`;
}

function commandCases(words: Words): string {
  const paths = [...words.keys()].filter((path) => path !== "");
  return paths
    .map((path) => {
      const parts = path.split(" ");
      return `      "${parts.slice(0, -1).join(" ")} ${parts.at(-1) ?? ""}") path="${path}" ;;`;
    })
    .join("\n");
}

function fishScript(words: Words): string {
  const lines = ["complete -c holdfast -e"];
  for (const [path, next] of words) {
    const condition =
      path === ""
        ? "__fish_use_subcommand"
        : path
            .split(" ")
            .map((word) => `__fish_seen_subcommand_from ${word}`)
            .join("; and ");
    for (const word of next) {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      lines.push(`complete -c holdfast -n '${condition}' ${what}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
