import { destination, pino } from "pino";
import type { DestinationStream, LoggerOptions } from "pino";
import type { Log } from "#engine/ports.ts";

/** How much is logged, from everything to nothing. */
export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

/** One of the log levels. */
export type LogLevel = (typeof logLevels)[number];

/** What is logged and where to; standard error unless a stream is given. */
export interface LogOptions {
  readonly level: LogLevel;
  readonly stream?: DestinationStream;
}

const secretFields = [
  "authorization",
  "credential",
  "data",
  "identity",
  "password",
  "secret",
  "stringData",
  "token",
] as const;
const longestText = 8_000;
const urlCredential = /(https?:\/\/)[^\s/@]+@/gi;

/** A log of JSON lines. Fields that hold secrets by their name, and credentials in addresses, are taken out. */
export function createLog(options: LogOptions): Log {
  const logger = pino(settingsFor(options.level), options.stream ?? destination({ fd: 2, sync: true }));
  return {
    info: (fields, message) => logger.info(loggable(fields), clean(message)),
    warn: (fields, message) => logger.warn(loggable(fields), clean(message)),
    error: (fields, message) => logger.error(loggable(fields), clean(message)),
  };
}

function settingsFor(level: LogLevel): LoggerOptions {
  return {
    level,
    base: null,
    messageKey: "message",
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: "***" },
  };
}

function loggable(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, loggableValue(value)]));
}

function loggableValue(value: unknown): unknown {
  if (typeof value === "string") return clean(value);
  if (value instanceof Error) return describe(value);
  return value;
}

function describe(error: Error): Record<string, unknown> {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: clean(error.message),
    ...(typeof code === "string" || typeof code === "number" ? { code } : {}),
    ...(error.cause instanceof Error ? { cause: describe(error.cause) } : {}),
  };
}

function clean(text: string): string {
  const cut = text.length <= longestText ? text : `${text.slice(0, longestText - 1)}…`;
  return cut.replace(urlCredential, "$1***@");
}
