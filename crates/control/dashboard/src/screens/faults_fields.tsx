// Fields of the form for rules, each with what is wrong with it.
import type { ComponentChildren } from "preact";

import { RequestError } from "../api/request";
import type { Typed } from "../faults/effects";
import { SCHEDULE_FIELDS, type ScheduleField, isOff } from "../faults/rule";

interface FieldProps {
  id: string;
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  children: (described: Described) => ComponentChildren;
}

export interface Described {
  id: string;
  "aria-describedby"?: string;
  "aria-invalid"?: true;
}

/** A label, a control, and what there is to say about it. */
export function Field({ id, label, hint, error, children }: FieldProps) {
  const told = [hint ? `${id}-hint` : "", error ? `${id}-error` : ""].filter(Boolean).join(" ");
  const described: Described = { id, ...(told ? { "aria-describedby": told } : {}), ...(error ? { "aria-invalid": true } : {}) };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(described)}
      {hint && (
        <span class="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {error && (
        <span class="field-error" id={`${id}-error`} role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

/** What the server says of places in the body, by their pointers. */
export function fieldErrors(error: unknown): Record<string, string> {
  const errors = error instanceof RequestError ? (error.problem?.errors ?? []) : [];
  return Object.fromEntries(errors.flatMap(({ pointer, detail }) => (pointer ? [[pointer, detail]] : [])));
}

type Attributes =
  | { type: "number"; min: number; max?: number; step: number | "any" }
  | { type: "datetime-local"; step: number }
  | { type: "text"; autocomplete: "off"; spellcheck: boolean };

interface ScheduleProps {
  /** What the ids of its fields begin with. */
  name: string;
  typed: Typed;
  /** By pointer, or by the key of the field. */
  errors: Record<string, string>;
  onChange: (key: string, value: string) => void;
}

/** How often: every field of a schedule. */
export function ScheduleFields({ name, typed, errors, onChange }: ScheduleProps) {
  return (
    <fieldset class="fault-fields">
      <legend>How often</legend>
      {SCHEDULE_FIELDS.map((field) => (
        <Field
          key={field.key}
          id={`${name}-schedule-${field.key}`}
          label={field.label}
          hint={field.hint}
          error={errors[field.key] ?? (field.key === "until" ? undefined : errors[field.pointer])}
        >
          {(described) => (
            <input
              {...described}
              {...attributesOf(field)}
              value={typed[field.key] ?? ""}
              disabled={isOff(field.key, typed)}
              onInput={(event) => onChange(field.key, event.currentTarget.value)}
            />
          )}
        </Field>
      ))}
    </fieldset>
  );
}

function attributesOf({ kind, key }: ScheduleField): Attributes {
  switch (kind) {
    case "number":
      return { type: "number", min: key === "after" ? 0 : 1, step: 1 };
    case "fraction":
      return { type: "number", min: 0, max: 1, step: "any" };
    case "time":
      return { type: "datetime-local", step: 1 };
    case "answers":
      return { type: "text", autocomplete: "off", spellcheck: false };
  }
}
