/**
 * The modes and models that an ACP agent offers when it opens a session.
 *
 * Owns: finding a wanted one among them, or of its other options, the request that sets it. Does not own: sending it (acp-client).
 */
import type { Json, JsonObject } from '../../base/canonical-json.ts';
import { fieldsOf, listOf, textOf } from './line-fields.ts';

/** What is known of one setting of a session. */
export interface Setting {
  /** What it is, or will be when the request is through; null: not told. */
  readonly current: string | null;
  readonly isSet: boolean;
  /** What makes it the wanted one, without the session's id; null: not offered. */
  readonly request: { readonly method: string; readonly params: JsonObject } | null;
  readonly offered: readonly string[];
}

interface Choice {
  readonly id: string;
  readonly name: string | null;
  readonly request: NonNullable<Setting['request']>;
}

/** The session's mode, and how it becomes `wanted`. */
export function modeChoice(opened: JsonObject, wanted: string | null): Setting {
  const modes = fieldsOf(opened.modes);
  const own = choicesOf(modes.availableModes, 'id', (modeId) => ({ method: 'session/set_mode', params: { modeId } }));
  return settingOf(opened, 'mode', wanted, textOf(modes.currentModeId), own);
}

/** The session's model, and how it becomes `wanted`. */
export function modelChoice(opened: JsonObject, wanted: string | null): Setting {
  const models = fieldsOf(opened.models);
  const own = choicesOf(models.availableModels, 'modelId', (modelId) => ({
    method: 'session/set_model',
    params: { modelId },
  }));
  return settingOf(opened, 'model', wanted, textOf(models.currentModelId), own);
}

/** Those of the options that the session offers, and how they become what is wanted. */
export function optionSettings(opened: JsonObject, wanted: Readonly<Record<string, string>>): readonly Setting[] {
  return listOf(opened.configOptions).flatMap((one) => {
    const option = fieldsOf(one);
    const value = wanted[textOf(option.id) ?? ''];
    if (value === undefined) return [];
    const choices = optionChoices(option);
    const request = choices.find(({ id }) => id === value)?.request ?? null;
    const isSet = option.currentValue === value;
    return [{ current: value, isSet, request, offered: choices.map(({ id }) => id) }];
  });
}

function settingOf(
  opened: JsonObject,
  category: string,
  wanted: string | null,
  ownCurrent: string | null,
  own: readonly Choice[],
): Setting {
  const option = fieldsOf(
    listOf(opened.configOptions).find((one) => fieldsOf(one).category === category && fieldsOf(one).type === 'select'),
  );
  const current = ownCurrent ?? textOf(option.currentValue);
  const choices = own.length > 0 ? own : optionChoices(option);
  const found = choices.find(({ id }) => id === wanted) ?? choices.find(({ name }) => name === wanted);
  const isSet = wanted === null || found?.id === current;
  return {
    current: found?.id ?? current,
    isSet,
    request: found?.request ?? null,
    offered: choices.map(({ id }) => id),
  };
}

function optionChoices(option: JsonObject): readonly Choice[] {
  const configId = textOf(option.id);
  if (configId === null) return [];
  const values = listOf(option.options).flatMap((one) => {
    const grouped = listOf(fieldsOf(one).options);
    return grouped.length > 0 ? grouped : [one];
  });
  return choicesOf(values, 'value', (value) => ({ method: 'session/set_config_option', params: { configId, value } }));
}

function choicesOf(
  list: Json | undefined,
  key: string,
  requestOf: (id: string) => Choice['request'],
): readonly Choice[] {
  return listOf(list).flatMap((one) => {
    const id = textOf(fieldsOf(one)[key]);
    return id === null ? [] : [{ id, name: textOf(fieldsOf(one).name), request: requestOf(id) }];
  });
}
