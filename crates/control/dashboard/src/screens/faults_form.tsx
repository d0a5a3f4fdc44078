// A new rule: what goes wrong, where and whom, and how often. What it will do is said while it is chosen.
import { useState } from "preact/hooks";

import { addFault } from "../api/changes_faults";
import type { Fault } from "../api/types";
import { EFFECTS, type EffectKind, GROUPS, type Parameter, type Typed, beginOf, effectNamed } from "../faults/effects";
import { type MatchField, fieldsFor, matchOf, ruleOf, scheduleOf } from "../faults/rule";
import { sentence } from "../faults/words";
import { live } from "../model/current";
import { place, setQuery } from "../router";
import { Action } from "../ui/action";
import { useRested } from "../ui/rested";
import { type Described, Field, ScheduleFields, fieldErrors } from "./faults_fields";

/** Programs that are offered at the most. */
const OFFERED = 50;

const ROUTES = ["/sessions", "/sessions/{id}", "/clients", "/events", "/events/stream", "/waits", "/polls", "/block-lists/processes"];

export function FaultForm({ onAdded }: { onAdded: () => void }) {
  const [parameters, setParameters] = useState<Record<string, Typed>>({});
  const [match, setMatch] = useState<Typed>({});
  const [often, setOften] = useState<Typed>({});
  const [refused, setRefused] = useState<unknown>(null);
  const kind = effectNamed(place.value.query.get("effect") ?? "") ?? (EFFECTS[0] as EffectKind);
  const typed = parameters[kind.name] ?? beginOf(kind);
  const { schedule, wrong } = scheduleOf(often);
  const matched = matchOf(kind, match);
  const errors = { ...fieldErrors(refused), ...wrong };
  const rule = sentence(ruleOf(kind, typed, matched, schedule));
  const said = useRested(rule);
  const change = addFault(live.value, kind, typed, matched, schedule);
  const edit = (what: (value: Typed) => void, before: Typed) => (key: string, value: string) => {
    setRefused(null);
    what({ ...before, [key]: value });
  };
  return (
    <form
      class="card fault-form"
      aria-labelledby="fault-form-title"
      noValidate
      onSubmit={(event) => event.preventDefault()}
    >
      <h2 id="fault-form-title">New rule</h2>
      <p class="fault-sentence" id="fault-sentence">
        {rule}
      </p>
      <p class="unseen" role="status" aria-live="polite">
        {said}
      </p>
      <fieldset class="fault-fields">
        <legend>What goes wrong</legend>
        <EffectChoice
          kind={kind}
          onChange={(name) => {
            setRefused(null);
            setQuery({ effect: name });
          }}
        />
        {kind.parameters.map((parameter) => (
          <ParameterField
            key={parameter.key}
            parameter={parameter}
            value={typed[parameter.key] ?? ""}
            error={errors[parameter.pointer]}
            onChange={edit((value) => setParameters({ ...parameters, [kind.name]: value }), typed)}
          />
        ))}
      </fieldset>
      <MatchFields kind={kind} typed={match} errors={errors} onChange={edit(setMatch, match)} />
      <ScheduleFields name="fault" typed={often} errors={errors} onChange={edit(setOften, often)} />
      <Action<Fault>
        id="fault-add"
        kind="primary"
        submits
        change={change}
        disabled={0 < Object.keys(wrong).length}
        onError={(error) => {
          setRefused(error);
          return isAtFields(error, kind, match);
        }}
        onDone={({ body }) => {
          onAdded();
          return `Rule ${body.id} is at work`;
        }}
      />
    </form>
  );
}

/** Whether all that the server says is about fields that are shown. */
function isAtFields(error: unknown, kind: EffectKind, typed: Typed): boolean {
  const pointers = Object.keys(fieldErrors(error));
  const shown = [
    ...kind.parameters.map(({ pointer }) => pointer),
    ...fieldsFor(kind, typed).map(({ key }) => `#/match/${key}`),
    ...["next", "first", "after", "every", "probability", "between", "sequence"].map((key) => `#/schedule/${key}`),
  ];
  return 0 < pointers.length && pointers.every((pointer) => shown.includes(pointer));
}

function EffectChoice({ kind, onChange }: { kind: EffectKind; onChange: (name: string) => void }) {
  return (
    <Field id="fault-effect" label="Effect">
      {(described) => (
        <select {...described} value={kind.name} onChange={(event) => onChange(event.currentTarget.value)}>
          {GROUPS.map((group) => (
            <optgroup key={group} label={group}>
              {EFFECTS.filter((one) => one.group === group).map(({ name, title }) => (
                <option key={name} value={name}>
                  {title} ({name})
                </option>
              ))}
            </optgroup>
          ))}
        </select>
      )}
    </Field>
  );
}

interface ParameterProps {
  parameter: Parameter;
  value: string;
  error: string | undefined;
  onChange: (key: string, value: string) => void;
}

function ParameterField({ parameter, value, error, onChange }: ParameterProps) {
  const { key, label, hint, kind, choices } = parameter;
  const id = `fault-parameter-${key}`;
  const heard = (event: { currentTarget: { value: string } }) => onChange(key, event.currentTarget.value);
  return (
    <Field id={id} label={label} hint={hint} error={error}>
      {(described) =>
        kind === "choice" ? (
          <select {...described} value={value} onChange={heard}>
            {choices?.map(([choice, words]) => (
              <option key={choice} value={choice}>
                {words}
              </option>
            ))}
          </select>
        ) : (
          <>
            <input
              {...described}
              type={kind === "number" ? "number" : "text"}
              min={kind === "number" ? 0 : undefined}
              value={value}
              list={choices ? `${id}-names` : undefined}
              autocomplete="off"
              spellcheck={false}
              onInput={heard}
            />
            {choices && <Names id={`${id}-names`} names={choices.map(([choice]) => choice)} />}
          </>
        )
      }
    </Field>
  );
}

function Names({ id, names }: { id: string; names: string[] }) {
  return (
    <datalist id={id}>
      {names.map((name) => (
        <option key={name} value={name} />
      ))}
    </datalist>
  );
}

interface MatchProps {
  kind: EffectKind;
  typed: Typed;
  errors: Record<string, string>;
  onChange: (key: string, value: string) => void;
}

function MatchFields({ kind, typed, errors, onChange }: MatchProps) {
  const fields = fieldsFor(kind, typed);
  if (fields.length === 0) return null;
  return (
    <fieldset class="fault-fields">
      <legend>Where and whom</legend>
      {fields.map((field) => (
        <Field key={field.key} id={`fault-match-${field.key}`} label={field.label} hint={field.hint} error={errors[`#/match/${field.key}`]}>
          {(described) => <MatchControl field={field} described={described} value={typed[field.key] ?? ""} onChange={onChange} />}
        </Field>
      ))}
    </fieldset>
  );
}

interface ControlProps {
  field: MatchField;
  described: Described;
  value: string;
  onChange: (key: string, value: string) => void;
}

function MatchControl({ field, described, value, onChange }: ControlProps) {
  const { key, kind, choices } = field;
  const heard = (event: { currentTarget: { value: string } }) => onChange(key, event.currentTarget.value);
  if (kind === "choice") {
    return (
      <select {...described} value={choices?.some(([choice]) => choice === value) ? value : ""} onChange={heard}>
        <option value="">{key === "direction" ? "as the effect has it" : "any"}</option>
        {choices?.map(([choice, words]) => (
          <option key={choice} value={choice}>
            {words}
          </option>
        ))}
      </select>
    );
  }
  const names = namesFor(key);
  return (
    <>
      <input
        {...described}
        type={kind === "number" ? "number" : "text"}
        min={kind === "number" ? 0 : undefined}
        value={value}
        placeholder="any"
        list={names.length === 0 ? undefined : `${described.id}-names`}
        autocomplete="off"
        spellcheck={false}
        onInput={heard}
      />
      {0 < names.length && <Names id={`${described.id}-names`} names={names} />}
    </>
  );
}

/** What is offered for a field: programs that are there, and routes that are asked for most. */
function namesFor(key: string): string[] {
  if (key === "route") return ROUTES;
  if (key !== "process") return [];
  return [...live.value.byProcess.keys()].filter((name) => name !== "").slice(0, OFFERED);
}
