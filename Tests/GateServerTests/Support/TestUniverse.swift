/// What most tests begin with, as change 1; the bootstrap token is change 2.
///
/// `embed` stands on `base`; both are on for acme and globex, only `base` for umbrella. `hidden` is kept from users. `dark` has its
/// master switch off. Ann may create tickets by her role, Bob may only write notes.
enum TestUniverse {
    static let origin = "https://crm.test"
    static let revision: Int64 = 2

    static let seeds = """
        ---
        {kind: company, id: acme, name: Acme, groups: [beta]}
        ---
        {kind: company, id: globex, name: Globex, groups: [beta]}
        ---
        {kind: company, id: umbrella, name: Umbrella, groups: [enterprise]}
        ---
        {kind: permission, name: notes_add}
        ---
        {kind: permission, name: ticket_create}
        ---
        {kind: role, name: agent, permissions: [notes_add, ticket_create]}
        ---
        {kind: flag, name: base, enabled: true, permanent: true, companies: {acme: on, globex: on, umbrella: on}}
        ---
        {kind: flag, name: embed, enabled: true, prerequisites: [base], companies: {acme: on, globex: on}}
        ---
        {kind: flag, name: hidden, enabled: true, client_visible: false, companies: {acme: on}}
        ---
        {kind: flag, name: dark, companies: {acme: on}}
        ---
        {kind: gate, name: canCreate, permissions: [ticket_create], flags: [embed]}
        ---
        {kind: user, company_id: acme, user_id: ann, roles: [agent]}
        ---
        {kind: user, company_id: acme, user_id: bob, permissions: {notes_add: true}}
        ---
        {kind: user, company_id: umbrella, user_id: uma, roles: [agent]}
        """
}
