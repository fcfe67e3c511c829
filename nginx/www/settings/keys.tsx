/* The providers' keys: which are there, whether they work, and what speaks where there is none. */
import { useState, type FormEvent } from 'react';
import { ApiError, del, messageOf, postOnce } from '../api';
import { formatAgo, formatDate } from '../format';
import { Button } from '../ui/button';
import { Dialog, confirm } from '../ui/dialog';
import { SelectField, TextField } from '../ui/field';
import { Badge, Empty, Failure, Loading, Notice } from '../ui/states';
import { toast, toastError } from '../ui/toast';
import { useResource } from '../use-resource';
import type { ApiKey, Service } from './types';

const KEYS = '/api/settings/keys';
const SERVICES = '/api/settings/services';

interface Verdict {
	ok: boolean;
	message: string;
}

function KeyDialog({ services, service: first, onClose, onSaved }: { services: Service[]; service: string; onClose: () => void; onSaved: (key: ApiKey) => void }) {
	const [service, setService] = useState(first);
	const [error, setError] = useState<unknown>(null);
	const [busy, setBusy] = useState(false);
	const fields = error instanceof ApiError ? error.fields : {};
	const chosen = services.find((one) => one.service === service);

	async function submit(event: FormEvent<HTMLFormElement>) {
		event.preventDefault();
		const form = new FormData(event.currentTarget);
		const text = (name: string) => String(form.get(name) ?? '').trim();
		const body = { service, key: text('key'), ...(text('label') && { label: text('label') }), ...(text('region') && { region: text('region') }) };
		setBusy(true);
		setError(null);
		try {
			onSaved(await postOnce<ApiKey>(KEYS, body));
		} catch (failed) {
			setError(failed);
			setBusy(false);
		}
	}

	return (
		<Dialog
			title="Add an API key"
			onClose={onClose}
			actions={
				<>
					<Button onClick={onClose}>Cancel</Button>
					<Button kind="primary" type="submit" form="api-key" busy={busy}>
						Save key
					</Button>
				</>
			}
		>
			<form id="api-key" className="stack" onSubmit={(event) => void submit(event)} noValidate>
				{error !== null && Object.keys(fields).length === 0 && <Notice kind="bad">{messageOf(error)}</Notice>}
				<SelectField
					label="Service"
					value={service}
					choices={services.map(({ service: value, title }) => ({ value, label: title }))}
					help={chosen?.hasKey ? `There is a key for ${chosen.title}: the new one takes its place.` : undefined}
					error={fields.service}
					onChange={(event) => setService(event.target.value)}
				/>
				<TextField label="Key" name="key" type="password" autoComplete="off" spellCheck={false} help="Kept encrypted; it is never shown again." error={fields.key} />
				<TextField label="Label" name="label" maxLength={100} optional error={fields.label} />
				{service === 'azure' && <TextField label="Region" name="region" placeholder="eastus" spellCheck={false} optional help="Of the Azure resource, such as westeurope." error={fields.region} />}
			</form>
		</Dialog>
	);
}

function fallbackOf({ hasKey, serverKey }: Service): string {
	if (hasKey) return 'Your key is used';
	return serverKey ? 'The server’s key is used' : 'No key: it cannot be used';
}

/* One for each service: what it is used with, and the user's key where there is one. */
function ServiceRow({ service, entry, onAdd, onDelete }: { service: Service; entry: ApiKey | undefined; onAdd: () => void; onDelete: () => Promise<void> }) {
	const [verdict, setVerdict] = useState<Verdict | null>(null);
	const usable = service.hasKey || service.serverKey;

	async function check() {
		setVerdict(null);
		try {
			setVerdict(await postOnce<Verdict>(`${KEYS}/${service.service}/test`));
		} catch (error) {
			toastError(error);
		}
	}

	return (
		<li className="settings-row">
			<div className="settings-what">
				<h3>{service.title}</h3>
				{entry && (
					<p className="fine">
						<code>{entry.maskedKey}</code>
						{entry.label && ` · ${entry.label}`}
						{entry.region && ` · ${entry.region}`}
						{' · '}
						<span title={formatDate(entry.updatedAt)}>saved {formatAgo(entry.updatedAt)}</span>
					</p>
				)}
			</div>
			<Badge kind={service.hasKey ? 'good' : service.serverKey ? 'info' : 'plain'}>{fallbackOf(service)}</Badge>
			<div className="row settings-actions">
				{usable && (
					<Button size="small" icon="check" onClick={check} aria-label={`Test the key for ${service.title}`}>
						Test
					</Button>
				)}
				<Button size="small" icon={entry ? 'edit' : 'plus'} onClick={onAdd} aria-label={`${entry ? 'Replace' : 'Add'} the key for ${service.title}`}>
					{entry ? 'Replace' : 'Add'}
				</Button>
				{entry && (
					<Button size="small" kind="quiet" icon="trash" iconOnly onClick={onDelete}>
						{`Delete the key for ${service.title}`}
					</Button>
				)}
			</div>
			<div className="settings-verdict" role="status">
				{verdict && <Notice kind={verdict.ok ? 'good' : 'warn'}>{verdict.message}</Notice>}
			</div>
		</li>
	);
}

export function Keys() {
	const keys = useResource<ApiKey[]>(KEYS);
	const services = useResource<Service[]>(SERVICES);
	const [adding, setAdding] = useState<string | null>(null);
	const reload = () => Promise.all([keys.reload(), services.reload()]);
	const error = keys.error ?? services.error;
	const list = services.data ?? [];

	async function remove({ id, title, serverKey }: Service & { id: string }) {
		const text = serverKey ? `${title} is used with the server’s key from then on.` : `What uses ${title} fails until there is another key.`;
		if (!(await confirm({ title: `Delete the key for ${title}?`, text, confirm: 'Delete key', danger: true }))) return;
		try {
			await del(`${KEYS}/${id}`);
			toast(`Key for ${title} deleted`);
		} catch (failed) {
			if (!(failed instanceof ApiError && failed.status === 404)) toastError(failed);
		}
		await reload();
	}

	function saved({ service }: ApiKey) {
		setAdding(null);
		toast(`Key for ${list.find((one) => one.service === service)?.title ?? service} saved`);
		void reload();
	}

	return (
		<section aria-labelledby="keys-title">
			<header className="settings-head">
				<h2 id="keys-title">API keys</h2>
				{list.length > 0 && (
					<Button kind="primary" icon="plus" onClick={() => setAdding(list.find(({ hasKey }) => !hasKey)?.service ?? list[0]?.service ?? null)}>
						Add key
					</Button>
				)}
				<p className="quiet">With them your workflows speak and write at the providers, on your account there.</p>
			</header>
			{error && !(keys.data && services.data) ? (
				<Failure error={error} retry={reload} what="your API keys" />
			) : !keys.data || !services.data ? (
				<Loading what="your API keys" />
			) : list.length === 0 ? (
				<Empty icon="key" title="No services">
					This server speaks to no provider.
				</Empty>
			) : (
				<ul className="settings-list plain-list">
					{list.map((service) => {
						const entry = keys.data?.find((key) => key.service === service.service);
						/* What was found about one key says nothing about the next. */
						const version = entry ? `${entry.id} ${entry.updatedAt}` : '';
						return (
							<ServiceRow
								key={`${service.service} ${version}`}
								service={service}
								entry={entry}
								onAdd={() => setAdding(service.service)}
								onDelete={async () => entry && remove({ ...service, id: entry.id })}
							/>
						);
					})}
				</ul>
			)}
			{adding && <KeyDialog services={list} service={adding} onClose={() => setAdding(null)} onSaved={saved} />}
		</section>
	);
}
