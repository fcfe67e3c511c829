/* The inputs of a node's settings, made from the type's fields. */
import { useState } from 'react';
import { CheckField, Field, SelectField, TextArea, TextField } from '../ui/field';
import type { Json, NodeField } from '../workflows/types';
import { faultOf } from './connect';
import { VoiceField } from './voice-field';

export interface FieldProps {
	field: NodeField;
	value: Json | undefined;
	/* undefined takes the setting away: its default holds. */
	onChange: (value: Json | undefined) => void;
}

function textOf(value: Json | undefined): string {
	if (value === undefined || value === null) return '';
	return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function usual(field: NodeField): string | undefined {
	return field.default === undefined || field.default === '' ? undefined : textOf(field.default);
}

function frame(field: NodeField, value: Json | undefined) {
	return { label: field.label, help: field.help, error: faultOf(field, value) };
}

function NumberInput({ field, value, onChange }: FieldProps) {
	const set = (text: string) => onChange(text.trim() === '' ? undefined : Number.isFinite(Number(text)) ? Number(text) : text);
	const isRange = field.min !== undefined && field.max !== undefined && field.max - field.min <= 4;
	const shown = textOf(value);
	if (!isRange) return <TextField {...frame(field, value)} inputMode="decimal" value={shown} placeholder={usual(field)} onChange={(event) => set(event.target.value)} />;
	return (
		<Field {...frame(field, value)}>
			{(ids) => (
				<div className="range">
					<input
						type="range"
						min={field.min}
						max={field.max}
						step={0.05}
						value={shown || usual(field) || field.min}
						aria-label={`${field.label}, by slider`}
						onChange={(event) => set(event.target.value)}
					/>
					<input {...ids} type="text" inputMode="decimal" value={shown} placeholder={usual(field)} onChange={(event) => set(event.target.value)} />
				</div>
			)}
		</Field>
	);
}

function SelectInput({ field, value, onChange }: FieldProps) {
	const text = textOf(value);
	const options = field.options ?? [];
	const known = options.find((option) => option.toLowerCase() === text.toLowerCase());
	const choices = options.map((option) => ({ value: option, label: option }));
	if (text && !known) choices.unshift({ value: text, label: text });
	const selected = known ?? (text || usual(field) || '');
	return <SelectField {...frame(field, value)} choices={choices} value={selected} onChange={(event) => onChange(event.target.value)} />;
}

/* JSON is shown as it is typed, and kept as a value once it is one. */
function JsonInput({ field, value, onChange }: FieldProps) {
	const [draft, setDraft] = useState<{ text: string; of: Json | undefined } | null>(null);
	const text = draft && draft.of === value ? draft.text : textOf(value);
	function set(typed: string) {
		let next: Json | undefined = typed;
		try {
			next = typed.trim() ? (JSON.parse(typed) as Json) : undefined;
		} catch {
			/* not yet */
		}
		setDraft({ text: typed, of: next });
		onChange(next);
	}
	return <TextArea {...frame(field, typeof value === 'string' ? value : undefined)} className="mono" spellCheck={false} value={text} placeholder={usual(field)} onChange={(event) => set(event.target.value)} />;
}

function isTrue(value: Json | undefined): boolean {
	return value === true || value === 'true' || value === 1 || value === '1';
}

export function Setting(props: FieldProps) {
	const { field, value, onChange } = props;
	const onText = (text: string) => onChange(text === '' && field.default === undefined ? undefined : text);
	switch (field.type) {
		case 'voiceProfile':
			return <VoiceField {...props} />;
		case 'number':
			return <NumberInput {...props} />;
		case 'select':
			return <SelectInput {...props} />;
		case 'json':
			return <JsonInput {...props} />;
		case 'boolean':
			return <CheckField {...frame(field, value)} checked={isTrue(value ?? field.default)} onChange={(event) => onChange(event.target.checked)} />;
		case 'longText':
			return <TextArea {...frame(field, value)} rows={5} value={textOf(value)} placeholder={usual(field)} onChange={(event) => onText(event.target.value)} />;
		default:
			return <TextField {...frame(field, value)} value={textOf(value)} placeholder={usual(field)} onChange={(event) => onText(event.target.value)} />;
	}
}
