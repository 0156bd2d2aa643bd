"""What is done to the log's tables by their owner's functions, each for one purpose, and by nobody otherwise."""

from migrations.grants import SERVICE_ROLE, WORKER_ROLE

LEAVES_IN_A_PARTITION = 4_194_304
"""64 tiles of the second level: a partition of leaves ends where a tile does."""

ID_AT = """
create function id_at(moment timestamp) returns uuid language sql stable as $$
    -- The least UUIDv7 of a moment in UTC (RFC 9562 5.7): the first 48 bits are milliseconds.
    select (lpad(to_hex((extract(epoch from moment at time zone 'UTC') * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$
"""

LEAF_RANGE_END = f"""
create function leaf_range_end() returns bigint language plpgsql stable as $$
declare last bigint;
begin
    execute 'select max(leaf_index) from audit_leaf_first' into last;
    return (coalesce(last, 0) / {LEAVES_IN_A_PARTITION} + 1) * {LEAVES_IN_A_PARTITION};
end $$
"""

COPY_SECURITY = """
create function copy_security(source regclass, target regclass) returns void language plpgsql as $$
-- Rights of each role, row-level security and its policies: what a table that takes another's place needs.
declare each record;
begin
    for each in select privilege_type as name, acl.grantee::regrole::text as role from pg_class, aclexplode(relacl) acl
                where pg_class.oid = source and acl.grantee not in (relowner, 0)
    loop
        execute format('grant %s on %s to %s', each.name, target, each.role);
    end loop;
    for each in select polname, polcmd, polpermissive, pg_get_expr(polqual, polrelid) as used,
                    pg_get_expr(polwithcheck, polrelid) as checked,
                    (select string_agg(case when role = 0 then 'public' else role::regrole::text end, ', ')
                     from unnest(polroles) role) as roles
                from pg_policy where polrelid = source
    loop
        execute format('create policy %I on %s as %s for %s to %s %s %s', each.polname, target,
            case when each.polpermissive then 'permissive' else 'restrictive' end,
            case each.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                when 'd' then 'delete' else 'all' end,
            each.roles, coalesce('using (' || each.used || ')', ''),
            coalesce('with check (' || each.checked || ')', ''));
    end loop;
    for each in select relrowsecurity as enabled, relforcerowsecurity as forced from pg_class where oid = source
    loop
        if each.enabled then execute format('alter table %s enable row level security', target); end if;
        if each.forced then execute format('alter table %s force row level security', target); end if;
    end loop;
end $$
"""

MAKE_PARTITION = """
create function make_partition(parent text, name text, low text, high text) returns integer language plpgsql
set search_path = public, pg_temp as $$
begin
    if to_regclass(name) is not null then return 0; end if;
    -- Made beside the table and then attached, which holds up neither readers nor writers of the other partitions.
    execute format('create table %I (like %I including defaults including constraints including storage)',
                   name, parent);
    execute format('alter table %I attach partition %I for values from (%L) to (%L)', parent, name, low, high);
    return 1;
exception when invalid_object_definition or check_violation or lock_not_available then
    -- Another partition holds this range already, or is in use: the next round makes good what is missing.
    return 0;
end $$
"""

MAKE_AUDIT_PARTITIONS = f"""
create function make_audit_partitions() returns integer language plpgsql security definer
set search_path = public, pg_temp set lock_timeout = '2s' as $$
-- Partitions for this month and the three that follow, and for the leaves of this range and the next with what
-- searches find them by.
declare
    made integer := 0;
    month timestamp;
    filled bigint;
    each text;
begin
    if not pg_try_advisory_xact_lock(69629163) then return 0; end if;
    for ahead in 0..3 loop
        month := date_trunc('month', now() at time zone 'UTC') + make_interval(months => ahead);
        made := made + make_partition('audit_entry', 'audit_entry_' || to_char(month, 'YYYYMM'),
                                      id_at(month)::text, id_at(month + interval '1 month')::text);
    end loop;
    select coalesce(max(leaf_index), 0) / {LEAVES_IN_A_PARTITION} into filled from audit_leaf;
    for number in filled..filled + 1 loop
        foreach each in array array['audit_leaf', 'audit_search'] loop
            made := made + make_partition(each, each || '_' || number,
                                          (number * {LEAVES_IN_A_PARTITION}::bigint)::text,
                                          ((number + 1) * {LEAVES_IN_A_PARTITION}::bigint)::text);
        end loop;
    end loop;
    return made;
end $$
"""

CONFIRM_ERASURE = """
create function confirm_erasure(erasure uuid, organisation text, staff text, entry bytea, at timestamptz)
returns bigint language plpgsql security definer set search_path = public, pg_temp as $$
-- The second of two people confirms, and what was asked for is erased; nothing else can be, and by nobody else.
declare
    asked audit_erasure%rowtype;
    erased bigint := 0;
begin
    select * into asked from audit_erasure where id = erasure for update;
    if not found or asked.confirmed_at is not null then
        raise exception 'no such erasure waits to be confirmed';
    end if;
    if asked.asked_at < at - interval '7 days' then
        raise exception 'it was asked for more than seven days ago';
    end if;
    if asked.log <> (select count(*) + 1 from audit_succession) then
        raise exception 'it was asked for before the log had a successor';
    end if;
    update audit_erasure set confirmed_organisation = organisation, confirmed_staff_id = staff, confirmed_at = at,
        act = entry where id = erasure;
    if asked.kind = 'text' then
        update audit_entry e set erasable = null, salt = null
        from unnest(asked.leaves) r join audit_leaf l on l.leaf_index >= lower(r) and l.leaf_index < upper(r)
        where e.id = l.entry_id and e.erasable is not null;
        get diagnostics erased = row_count;
    elsif asked.kind = 'entries' then
        delete from audit_search s using unnest(asked.leaves) r
        where s.leaf_index >= lower(r) and s.leaf_index < upper(r);
        delete from audit_entry e
        using unnest(asked.leaves) r join audit_leaf l on l.leaf_index >= lower(r) and l.leaf_index < upper(r)
        where e.id = l.entry_id;
        get diagnostics erased = row_count;
    else
        delete from case_key where case_file_id = asked.case_file_id;
        get diagnostics erased = row_count;
    end if;
    return erased;
end $$
"""

THIN_CHECKPOINTS = """
create function thin_checkpoints(before timestamptz) returns bigint language plpgsql security definer
set search_path = public, pg_temp as $$
-- Of the checkpoints older than that, one of each hour stays: the last that witnesses vouched for, or the last.
declare removed int8multirange;
begin
    with going as (
        select id from (
            select id, row_number() over (
                partition by date_trunc('hour', created_at)
                order by exists (select from audit_cosignature s where s.checkpoint_id = c.id) desc, id desc) as place
            from audit_checkpoint c
            where created_at < before and id < (select max(id) from audit_checkpoint)
        ) numbered where place > 1 order by id limit 50000),
    unsaid as (delete from audit_cosignature s using going where s.checkpoint_id = going.id),
    gone as (delete from audit_checkpoint c using going where c.id = going.id returning c.id)
    select range_agg(int8range(id, id + 1)) into removed from gone;
    if removed is null then return 0; end if;
    insert into audit_thinned (id, gone) values (1, removed)
    on conflict (id) do update set gone = audit_thinned.gone + excluded.gone;
    return (select sum(upper(r) - lower(r)) from unnest(removed) r);
end $$
"""

CLOSE_AUDIT_LOG = f"""
create function close_audit_log(number integer) returns void language plpgsql as $$
-- The log's tree goes into a schema of its own, where it can be read and never grow; empty tables take its place.
declare
    closed text := 'log_' || number;
    each record;
    part record;
begin
    execute format('create schema %I', closed);
    execute format('grant usage on schema %I to {SERVICE_ROLE}, {WORKER_ROLE}', closed);
    for each in select t as name, t in ('audit_leaf', 'audit_search') as divided
        from unnest(array['audit_leaf', 'audit_search', 'audit_tile', 'audit_checkpoint', 'audit_log', 'audit_log_key',
                          'audit_retired_key', 'audit_thinned', 'audit_self_check', 'audit_cosignature']) t
    loop
        for part in select inhrelid::regclass as name from pg_inherits where inhparent = each.name::regclass loop
            execute format('alter table %s set schema %I', part.name, closed);
        end loop;
        execute format('alter table %I set schema %I', each.name, closed);
        execute format(
            'create table public.%I (like %I.%I including defaults including constraints including storage) %s',
            each.name, closed, each.name, case when each.divided then 'partition by range (leaf_index)' else '' end);
        for part in select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
            where conrelid = format('%I.%I', closed, each.name)::regclass and contype = 'p' loop
            execute format('alter table public.%I add constraint %I %s', each.name, part.name, part.definition);
        end loop;
        for part in select pg_get_indexdef(indexrelid) as definition from pg_index
            where indrelid = format('%I.%I', closed, each.name)::regclass and not indisprimary loop
            execute replace(replace(part.definition, ' ONLY ', ' '), closed || '.', 'public.');
        end loop;
        perform copy_security(format('%I.%I', closed, each.name)::regclass, format('public.%I', each.name)::regclass);
        execute format('revoke insert, update, delete on %I.%I from {SERVICE_ROLE}, {WORKER_ROLE}', closed, each.name);
    end loop;
    create table public.audit_leaf_other partition of public.audit_leaf default;
    create table public.audit_search_other partition of public.audit_search default;
    perform make_audit_partitions();
end $$
"""

FUNCTIONS = (
    ID_AT, LEAF_RANGE_END, COPY_SECURITY, MAKE_PARTITION, MAKE_AUDIT_PARTITIONS, CONFIRM_ERASURE, THIN_CHECKPOINTS,
    CLOSE_AUDIT_LOG,
)  # fmt: skip
NAMES = (
    "close_audit_log(integer)",
    "thin_checkpoints(timestamptz)",
    "confirm_erasure(uuid, text, text, bytea, timestamptz)",
    "make_audit_partitions()",
    "make_partition(text, text, text, text)",
    "copy_security(regclass, regclass)",
    "leaf_range_end()",
    "id_at(timestamp)",
)
