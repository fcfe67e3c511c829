/* Keys, services and tokens as they are on the wire. */
export interface ApiKey {
	id: string;
	service: string;
	label: string | null;
	maskedKey: string;
	region?: string | null;
	createdAt: string;
	updatedAt: string;
}

export interface Service {
	service: string;
	title: string;
	hasKey: boolean;
	/* The server has a key of its own, which is used where the user has none. */
	serverKey: boolean;
}

export interface AccessToken {
	id: string;
	name: string;
	createdAt: string;
	lastUsedAt: string | null;
}
